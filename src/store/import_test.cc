// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/test_bytes.h"
#include "base/test_support.h"
#include "store/folder_internal.h"
#include "store/store.h"

namespace hearth::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ImportTest : public testing::Test {
 protected:
  test::TempDir dir_;
  Store store_ = Store::open(dir_.file("deep/down/store")).value();

  std::vector<std::string> blobs() { return names_in(store_.root() + "/blobs").value(); }
  std::vector<std::string> manifests() { return names_in(store_.root() + "/manifests").value(); }

  // Whatever happened before: no problem reported, no half file under a blob's name, and the model
  // is there whole or not at all.
  void expect_sound(const std::string& name, const std::string& contents) {
    const Listing listing = store_.list().value();
    EXPECT_THAT(listing.problems, IsEmpty());
    for (const std::string& blob : blobs()) {
      if (blob.starts_with(kTempPrefix)) continue;
      const std::string text = read_file(store_.root() + "/blobs/" + blob, 1 << 28).value();
      EXPECT_EQ(blob, "sha256-" + test::sha256_of(text));
    }
    const auto model = store_.find(name);
    if (!model) {
      EXPECT_EQ(model.error().code, ErrorCode::not_found);
      return;
    }
    EXPECT_EQ(read_file(model->paths.at(0), 1 << 28).value(), contents);
  }
};

TEST_F(ImportTest, WritesManifestAndReadOnlyBlob) {
  const std::string contents = test::random_bytes(3'000'000, 1);
  std::vector<std::uint64_t> steps;
  const Manifest manifest = store_
                                .import_file({.path = dir_.write("My.gguf", contents),
                                              .name = "my",
                                              .source = "here",
                                              .licence = "MIT",
                                              .progress =
                                                  [&](std::uint64_t done, std::uint64_t total) {
                                                    EXPECT_EQ(total, contents.size());
                                                    steps.push_back(done);
                                                  }})
                                .value();
  EXPECT_EQ(manifest.files,
            (std::vector<StoredFile>{{test::sha256_of(contents), contents.size(), "My.gguf"}}));
  EXPECT_EQ(steps.back(), contents.size());
  EXPECT_TRUE(std::ranges::is_sorted(steps));
  const Model model = store_.find("my").value();
  EXPECT_EQ(model.manifest.source, "here");
  EXPECT_EQ(model.manifest.licence, "MIT");
  EXPECT_EQ(model.manifest.created.size(), std::string("2026-01-02T03:04:05Z").size());
  struct stat status;
  ASSERT_EQ(::stat(model.paths[0].c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0222u, 0u);
  expect_sound("my", contents);
}

TEST_F(ImportTest, HashIsVerified) {
  const std::string path = dir_.write("f.gguf", "good");
  std::string upper = test::sha256_of("good");
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_TRUE(store_.import_file({.path = path, .name = "f", .sha256 = upper}).has_value());

  const auto wrong =
      store_.import_file({.path = path, .name = "g", .sha256 = std::string(64, '0')});
  EXPECT_EQ(wrong.error().code, ErrorCode::integrity);
  EXPECT_THAT(wrong.error().message, HasSubstr(test::sha256_of("good")));
  EXPECT_THAT(blobs(), SizeIs(1));
  EXPECT_THAT(manifests(), ElementsAre("f.json"));

  // Also when the store has a blob of the wanted hash and the right size.
  const std::string same_size = dir_.write("h.gguf", "evil");
  EXPECT_EQ(store_.import_file({.path = same_size, .name = "h", .sha256 = test::sha256_of("good")})
                .error()
                .code,
            ErrorCode::integrity);
}

TEST_F(ImportTest, RefusesBadArguments) {
  const std::string path = dir_.write("f.gguf", "x");
  EXPECT_EQ(store_.import_file({.path = path, .name = "../f"}).error().code, ErrorCode::usage);
  EXPECT_EQ(store_.import_file({.path = path, .name = "f", .sha256 = "abc"}).error().code,
            ErrorCode::usage);
  EXPECT_EQ(store_.import_file({.path = dir_.file("no"), .name = "f"}).error().code,
            ErrorCode::not_found);
  EXPECT_EQ(store_.import_file({.path = dir_.path(), .name = "f"}).error().code,
            ErrorCode::integrity);
  EXPECT_NE(::access(store_.root().c_str(), F_OK), 0);  // and touched nothing
}

TEST_F(ImportTest, TwiceIsFineAndCopiesOnce) {
  const std::string contents = test::random_bytes(100'000, 2);
  const std::string path = dir_.write("f.gguf", contents);
  store_.import_file({.path = path, .name = "f"}).value();
  struct stat before, after;
  const std::string blob = store_.find("f").value().paths[0];
  ASSERT_EQ(::stat(blob.c_str(), &before), 0);
  store_.import_file({.path = path, .name = "f"}).value();
  store_.import_file({.path = path, .name = "again", .sha256 = test::sha256_of(contents)}).value();
  ASSERT_EQ(::stat(blob.c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_THAT(blobs(), SizeIs(1));
  EXPECT_THAT(manifests(), SizeIs(2));
}

TEST_F(ImportTest, SameSizeIsNotSameFile) {
  store_.import_file({.path = dir_.write("a", "aaaa"), .name = "a"}).value();
  store_.import_file({.path = dir_.write("b", "bbbb"), .name = "b"}).value();
  expect_sound("b", "bbbb");
  EXPECT_THAT(blobs(), SizeIs(2));
}

TEST_F(ImportTest, ANameIsTakenAwayOnlyOnRequest) {
  store_.import_file({.path = dir_.write("old", "old"), .name = "m"}).value();
  const std::string path = dir_.write("new", "newer");
  const auto refused = store_.import_file({.path = path, .name = "m"});
  EXPECT_EQ(refused.error().code, ErrorCode::usage);
  expect_sound("m", "old");
  EXPECT_THAT(blobs(), SizeIs(1));
  store_.import_file({.path = path, .name = "m", .replace = true}).value();
  expect_sound("m", "newer");
  EXPECT_THAT(blobs(), SizeIs(1));  // the old one is collected
}

TEST_F(ImportTest, SplitModelsComeWhole) {
  dir_.write("m-00001-of-00003.gguf", "one");
  const std::string second = dir_.write("m-00002-of-00003.gguf", "second");
  EXPECT_EQ(store_.import_file({.path = second, .name = "m"}).error().code, ErrorCode::not_found);
  dir_.write("m-00003-of-00003.gguf", "one");  // equal shards share a blob
  const auto manifest =
      store_.import_file({.path = second, .name = "m", .sha256 = test::sha256_of("second")})
          .value();
  ASSERT_THAT(manifest.files, SizeIs(3));
  EXPECT_EQ(manifest.files[1].name, "m-00002-of-00003.gguf");
  EXPECT_THAT(blobs(), SizeIs(2));
  const Model model = store_.find("m").value();
  EXPECT_EQ(read_file(model.paths[1], 100).value(), "second");
  EXPECT_EQ(model.paths[0], model.paths[2]);
}

TEST_F(ImportTest, CancelledKeepsNothing) {
  std::stop_source stop;
  const auto cancelled =
      store_.import_file({.path = dir_.write("f", test::random_bytes(5'000'000, 3)),
                          .name = "f",
                          .progress = [&](std::uint64_t, std::uint64_t) { stop.request_stop(); },
                          .stop = stop.get_token()});
  EXPECT_EQ(cancelled.error().code, ErrorCode::cancelled);
  EXPECT_THAT(blobs(), IsEmpty());
  EXPECT_THAT(manifests(), IsEmpty());
}

TEST_F(ImportTest, AFileThatChangesMeanwhileIsRefused) {
  const std::string path = dir_.write("f", test::random_bytes(5'000'000, 4));
  const auto changed =
      store_.import_file({.path = path, .name = "f", .progress = [&](std::uint64_t, std::uint64_t) {
                            EXPECT_EQ(::truncate(path.c_str(), 2'000'000), 0);
                          }});
  EXPECT_EQ(changed.error().code, ErrorCode::integrity);
  EXPECT_THAT(blobs(), IsEmpty());
}

TEST_F(ImportTest, FullDiskKeepsNothing) {
  const std::string path = dir_.write("f", test::random_bytes(2'000'000, 5));
  const auto end = test::run_in_child([&] {
    // A limit on file size stands in for a full disk: write() fails half-way.
    const rlimit small{1'500'000, 1'500'000};
    ::setrlimit(RLIMIT_FSIZE, &small);
    ::signal(SIGXFSZ, SIG_IGN);
    const auto failed = store_.import_file({.path = path, .name = "f"});
    return !failed && failed.error().code == ErrorCode::io &&
                   failed.error().message.find("File too large") != std::string::npos
               ? 0
               : 1;
  });
  EXPECT_EQ(end.exit_code(), 0) << end.errors;
  EXPECT_THAT(blobs(), IsEmpty());
  EXPECT_THAT(manifests(), IsEmpty());
}

TEST_F(ImportTest, ReadOnlyFolderIsAnIoErrorThatNamesIt) {
  if (::geteuid() == 0) {
    // Root ignores modes, but nobody can make a folder below a file or in /proc.
    Store impossible = Store::open("/proc/hearth").value();
    const auto failed = impossible.import_file({.path = dir_.write("f", "x"), .name = "f"});
    EXPECT_THAT(failed.error().message, HasSubstr("/proc/hearth"));
    EXPECT_THAT(impossible.list().value().models, IsEmpty());
    return;
  }
  store_.import_file({.path = dir_.write("g", "g"), .name = "g"}).value();
  for (const char* part : {"", "/blobs", "/manifests"})
    ::chmod((store_.root() + part).c_str(), 0555);
  const auto failed = store_.import_file({.path = dir_.write("f", "xyz"), .name = "f"});
  EXPECT_EQ(failed.error().code, ErrorCode::io);
  EXPECT_THAT(failed.error().message, HasSubstr(store_.root()));
  EXPECT_EQ(store_.find("g").value().manifest.name, "g");  // reading goes on
  EXPECT_EQ(store_.remove("g").error().code, ErrorCode::io);
  for (const char* part : {"", "/blobs", "/manifests"})
    ::chmod((store_.root() + part).c_str(), 0755);
}

TEST_F(ImportTest, LeftOversOfTheDeadAreSweptAndThoseOfTheLivingAreNot) {
  store_.import_file({.path = dir_.write("a", "a"), .name = "a"}).value();
  const std::string folder = store_.root() + "/blobs";
  dir_.write("deep/down/store/blobs/.tmp-dead00", "half a file");
  const auto living = TempFile::create(folder).value();
  store_.import_file({.path = dir_.write("b", "b"), .name = "b"}).value();
  EXPECT_NE(::access((folder + "/.tmp-dead00").c_str(), F_OK), 0);
  EXPECT_EQ(::access(living.path().c_str(), F_OK), 0);
}

TEST_F(ImportTest, ThreadsAndProcessesSideBySide) {
  const std::string contents = test::random_bytes(3'000'000, 6);
  const std::string path = dir_.write("same", contents);
  const std::string other = dir_.write("other", test::random_bytes(1'000'000, 7));
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      bool good = true;
      for (int round = 0; round < 4; ++round) {
        good = good && store_.import_file({.path = path, .name = "same"}).has_value();
        good = good && store_.import_file({.path = other, .name = fmt::format("o{}", i)});
        good = good && store_.find("same").has_value();
        good = good && store_.remove(fmt::format("o{}", i)).has_value();
      }
      ::_exit(good ? 0 : 1);
    }
    children.push_back(child);
  }
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&, i] {
      Store mine = Store::open(store_.root()).value();
      EXPECT_TRUE(mine.import_file({.path = path, .name = "same"}).has_value());
      EXPECT_TRUE(mine.import_file({.path = other, .name = fmt::format("t{}", i)}).has_value());
    });
  threads.clear();
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  expect_sound("same", contents);
  EXPECT_THAT(blobs(), SizeIs(2));
  EXPECT_THAT(manifests(), SizeIs(4));
}

TEST_F(ImportTest, KilledAtAnyMomentLeavesAGoodStore) {
  const std::string contents = test::random_bytes(4'000'000, 8);
  const std::string path = dir_.write("f", contents);
  std::mt19937 random(9);
  const auto start = std::chrono::steady_clock::now();
  store_.import_file({.path = path, .name = "f"}).value();
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);
  for (int round = 0; round < 30; ++round) {
    if (store_.find("f")) store_.remove("f").value();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(store_.import_file({.path = path, .name = "f"}) ? 0 : 1);
    const auto when = random() % static_cast<unsigned long>(whole.count() * 3 / 2);
    ::usleep(static_cast<useconds_t>(when));
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    expect_sound("f", contents);
  }
  store_.import_file({.path = path, .name = "f"}).value();
  expect_sound("f", contents);
  EXPECT_THAT(blobs(), SizeIs(1));  // every left-over is gone
  EXPECT_THAT(manifests(), ElementsAre("f.json"));
}

}  // namespace
}  // namespace hearth::store
