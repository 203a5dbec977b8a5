// SPDX-License-Identifier: Apache-2.0
#include "model/prepared_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <functional>
#include <random>

#include "base/file.h"
#include "model/tensor_reader.h"

namespace hearth::model {
namespace {

using testing::HasSubstr;

PreparedLayout layout_of(std::uint64_t panel_bytes) {
  return {.key = std::string(64, 'a'),
          .panel_bytes = panel_bytes,
          .tensors = {{.name = "first", .type = 2, .k = 64, .n_rows = 48, .offset = 0},
                      {.name = "second", .type = 3, .k = 32, .n_rows = 5, .offset = 2048}}};
}

std::vector<std::byte> random_bytes(std::size_t n) {
  std::mt19937 random(7);
  std::vector<std::byte> bytes(n);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

UniqueFd empty_file() {
  return UniqueFd(::memfd_create("prepared", MFD_CLOEXEC));
}

UniqueFd written(const PreparedLayout& layout, std::span<const std::byte> panels) {
  UniqueFd fd = empty_file();
  EXPECT_TRUE(PreparedWriter::create(fd.get(), layout, panels).value().finish().has_value());
  return fd;
}

ErrorCode refusal(int fd, const PreparedLayout& layout) {
  const auto hashes = read_prepared_header(fd, layout);
  EXPECT_FALSE(hashes.has_value());
  return hashes ? ErrorCode::failed : hashes.error().code;
}

void flip(int fd, std::uint64_t at) {
  std::byte byte{};
  EXPECT_EQ(::pread(fd, &byte, 1, static_cast<off_t>(at)), 1);
  byte ^= std::byte{0x10};
  EXPECT_EQ(::pwrite(fd, &byte, 1, static_cast<off_t>(at)), 1);
}

TEST(PreparedFile, ComesBackAsItWasWritten) {
  const PreparedLayout layout = layout_of(2 * kPreparedChunk + 12288);
  const auto panels = random_bytes(layout.panel_bytes);
  const UniqueFd fd = empty_file();
  PreparedWriter writer = PreparedWriter::create(fd.get(), layout, panels).value();
  for (const std::size_t ready :
       {std::size_t{5}, kPreparedChunk - 1, kPreparedChunk, 2 * kPreparedChunk + 1})
    ASSERT_TRUE(writer.advance(ready).has_value());
  EXPECT_EQ(refusal(fd.get(), layout), ErrorCode::integrity);  // no header yet
  ASSERT_TRUE(writer.finish().has_value());

  EXPECT_EQ(file_size(fd.get()).value(), layout.file_bytes());
  EXPECT_EQ(layout.header_bytes() % 4096, 0u);
  const auto hashes = read_prepared_header(fd.get(), layout).value();
  ASSERT_EQ(hashes.size(), 3u);
  std::vector<std::byte> read(panels.size());
  ASSERT_TRUE(read_at(fd.get(), layout.header_bytes(), read).has_value());
  EXPECT_EQ(read, panels);
  for (std::size_t i = 0; i < hashes.size(); ++i)
    EXPECT_EQ(hash_of_chunk(std::span(read).subspan(i * kPreparedChunk, layout.chunk_bytes(i))),
              hashes[i]);
}

// XXH3's published value for no input: the hash must stay what it is, or every copy is refused.
TEST(PreparedFile, HashesWithXxh3) {
  EXPECT_EQ(hash_of_chunk({}), 0x2D06800538D394C2u);
}

TEST(PreparedFile, OfAnotherLengthIsRefused) {
  const PreparedLayout layout = layout_of(kPreparedChunk + 4096);
  const auto panels = random_bytes(layout.panel_bytes);
  const std::uint64_t whole = layout.file_bytes(), header = layout.header_bytes();
  for (const std::uint64_t length :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{8}, std::uint64_t{16}, header - 1, header,
        header + 1, header + kPreparedChunk, whole - 4096, whole - 1, whole + 1, whole + 4096}) {
    const UniqueFd fd = written(layout, panels);
    ASSERT_EQ(::ftruncate(fd.get(), static_cast<off_t>(length)), 0);
    EXPECT_EQ(refusal(fd.get(), layout), ErrorCode::integrity) << length;
  }
}

TEST(PreparedFile, EveryByteOfTheHeaderCounts) {
  const PreparedLayout layout = layout_of(4096);
  const UniqueFd fd = written(layout, random_bytes(4096));
  for (std::uint64_t at = 0; at < layout.header_bytes(); ++at) {
    flip(fd.get(), at);
    EXPECT_EQ(refusal(fd.get(), layout), ErrorCode::integrity) << at;
    flip(fd.get(), at);
  }
  EXPECT_TRUE(read_prepared_header(fd.get(), layout).has_value());
}

TEST(PreparedFile, OfAnotherModelIsRefused) {
  const PreparedLayout layout = layout_of(4096);
  const UniqueFd fd = written(layout, random_bytes(4096));
  const std::function<void(PreparedLayout&)> edits[] = {
      [](PreparedLayout& other) { other.key[63] = 'b'; },
      [](PreparedLayout& other) { other.tensors[1].name = "secont"; },
      [](PreparedLayout& other) { other.tensors[0].type = 8; },
      [](PreparedLayout& other) { other.tensors[0].k = 32; },
      [](PreparedLayout& other) { other.tensors[1].n_rows = 6; },
      [](PreparedLayout& other) { other.tensors[1].offset = 1024; },
      [](PreparedLayout& other) { std::swap(other.tensors[0], other.tensors[1]); },
      [](PreparedLayout& other) { other.tensors.pop_back(); },
  };
  for (const auto& edit : edits) {
    PreparedLayout other = layout;
    edit(other);
    EXPECT_EQ(refusal(fd.get(), other), ErrorCode::integrity) << &edit - edits;
  }
}

TEST(PreparedFile, AFullDiskIsFoundOut) {
  const PreparedLayout layout = layout_of(kPreparedChunk + 4096);
  const auto panels = random_bytes(layout.panel_bytes);
  const UniqueFd full(::open("/dev/full", O_RDWR | O_CLOEXEC));
  auto writer = PreparedWriter::create(full.get(), layout, panels);
  ASSERT_TRUE(writer.has_value());
  const auto advanced = writer->advance(panels.size());
  ASSERT_FALSE(advanced.has_value());
  EXPECT_EQ(advanced.error().code, ErrorCode::io);
  EXPECT_THAT(advanced.error().message, HasSubstr("No space left"));
}

}  // namespace
}  // namespace hearth::model
