// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "format/gguf.h"

namespace hearth::format {
namespace {

TEST(ShardName, reads_what_it_writes) {
  EXPECT_EQ(shard_file_name("x", 2, 5), "x-00002-of-00005.gguf");
  const auto name = parse_shard_name("dir/x-of-y-00002-of-00005.gguf");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->prefix, "dir/x-of-y");
  EXPECT_EQ(name->number, 2u);
  EXPECT_EQ(name->count, 5u);
  EXPECT_TRUE(parse_shard_name("m-99999-of-99999.gguf"));
}

TEST(ShardName, refuses_everything_else) {
  for (const std::string_view name :
       {"", "x.gguf", "x-00002-of-00005", "x-0002-of-0005.gguf", "x-00000-of-00005.gguf",
        "x-00006-of-00005.gguf", "x-00001-of-00000.gguf", "x-0000a-of-00005.gguf",
        "x-+0001-of-00005.gguf", "x_00001-of-00005.gguf", "00001-of-00005.gguf",
        "x-00001-of-00005.gguf.part", "x-00001-ov-00005.gguf", "x-00001-of-00005.GGUF"}) {
    EXPECT_FALSE(parse_shard_name(name)) << name;
  }
}

}  // namespace
}  // namespace hearth::format
