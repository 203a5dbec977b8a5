// SPDX-License-Identifier: Apache-2.0
#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/test_support.h"

namespace hearth {
namespace {

Result<MappedFile> map_path(const std::string& path) {
  const UniqueFd fd = TRY(open_for_read(path));
  return MappedFile::map(fd.get(), path);
}

std::string_view text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

unsigned touch(std::span<const std::byte> bytes) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 512)
    sum += std::to_integer<unsigned>(static_cast<const volatile std::byte&>(bytes[i]));
  return sum;
}

// Maps a file of four pages, then cuts it to one, then reads all four.
int read_a_shrunken_file(const std::string& path) {
  install_mapping_guard();
  const MappedFile file = map_path(path).value();
  if (::truncate(path.c_str(), 4096) != 0) return 99;
  touch(file.bytes());
  return 0;
}

TEST(MappedFile, OutlivesItsDescriptor) {
  const test::TempDir dir;
  const MappedFile file = map_path(dir.write("f", "some bytes")).value();
  EXPECT_EQ(text_of(file), "some bytes");
  EXPECT_EQ(file.name(), dir.file("f"));
}

TEST(MappedFile, Moves) {
  const test::TempDir dir;
  MappedFile a = map_path(dir.write("a", "aaaa")).value();
  MappedFile b = map_path(dir.write("b", "bb")).value();
  a = std::move(b);
  EXPECT_EQ(text_of(a), "bb");
  MappedFile c(std::move(a));
  EXPECT_EQ(text_of(c), "bb");
}

TEST(MappedFile, EmptyFile) {
  const test::TempDir dir;
  EXPECT_TRUE(map_path(dir.write("empty", "")).value().bytes().empty());
}

TEST(MappedFile, RefusesWhatIsNoFile) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_EQ(MappedFile::map(ends[0], "a pipe").error().message, "a pipe: not a regular file");
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_EQ(MappedFile::map(-1, "nothing").error().code, ErrorCode::io);
}

TEST(MappedFile, MoreMappingsThanTheGuardHasPlaces) {
  const test::TempDir dir;
  const std::string path = dir.write("f", "x");
  std::vector<MappedFile> files;
  for (int i = 0; i < 600; ++i) files.push_back(map_path(path).value());
  for (const MappedFile& file : files) EXPECT_EQ(text_of(file), "x");
  files.clear();
  EXPECT_EQ(text_of(map_path(path).value()), "x");
}

TEST(MappingGuard, ShrunkenFileEndsWithOneSentence) {
  const test::TempDir dir;
  const std::string path = dir.write("model.gguf", std::string(4 * 4096, 'm'));
  const auto end = test::run_in_child([&] { return read_a_shrunken_file(path); });
  EXPECT_EQ(end.exit_code(), 4);  // left by itself: no signal, so no core
  EXPECT_EQ(end.errors, "hearth: " + path +
                            ": the file shrank while it was being read; nothing more can be done "
                            "with it\n");
}

TEST(MappingGuard, HostileAndLongNamesStayOnOneLine) {
  const test::TempDir dir;
  const std::string path = dir.write("m\n\x1b[2J" + std::string(240, 'n'), std::string(16384, 'm'));
  const auto end = test::run_in_child([&] { return read_a_shrunken_file(path); });
  EXPECT_EQ(end.exit_code(), 4);
  EXPECT_EQ(end.errors.find('\n'), end.errors.size() - 1);
  EXPECT_EQ(end.errors.find('\x1b'), std::string::npos);
}

TEST(MappingGuard, WorksFromAnotherThread) {
  const test::TempDir dir;
  const std::string path = dir.write("model.gguf", std::string(16384, 'm'));
  const auto end = test::run_in_child([&] {
    int result = 0;
    std::thread([&] { result = read_a_shrunken_file(path); }).join();
    return result;
  });
  EXPECT_EQ(end.exit_code(), 4);
}

TEST(MappingGuard, FaultsElsewhereAreNotSwallowed) {
  const test::TempDir dir;
  const std::string path = dir.write("other", std::string(16384, 'o'));
  const auto end = test::run_in_child([&] {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::signal(SIGBUS, SIG_DFL);  // sanitizers put their own handler here
    install_mapping_guard();
    const UniqueFd fd = open_for_read(path).value();
    void* data = ::mmap(nullptr, 16384, PROT_READ, MAP_SHARED, fd.get(), 0);
    if (::truncate(path.c_str(), 0) != 0) return 99;
    touch({static_cast<const std::byte*>(data), 16384});
    return 0;
  });
  EXPECT_EQ(end.signal(), SIGBUS);
  EXPECT_EQ(end.errors, "");

  const auto sent = test::run_in_child([&] {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::signal(SIGBUS, SIG_DFL);
    install_mapping_guard();
    ::kill(::getpid(), SIGBUS);
    return 0;
  });
  EXPECT_EQ(sent.signal(), SIGBUS);
}

}  // namespace
}  // namespace hearth
