// SPDX-License-Identifier: Apache-2.0
#include "store/aliases.h"

#include <gmock/gmock.h>

#include <thread>

#include "base/test_support.h"

namespace hearth::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

TEST(Aliases, AreSetReplacedAndRemoved) {
  const test::TempDir dir;
  const std::string path = dir.file("config/hearth/aliases.json");
  EXPECT_THAT(read_aliases(path).value(), IsEmpty());
  ASSERT_TRUE(set_alias(path, "mine", "hf:org/repo:Q8_0"));
  ASSERT_TRUE(set_alias(path, "big:1", "/models/big.gguf"));
  ASSERT_TRUE(set_alias(path, "mine", "smollm2"));
  EXPECT_THAT(read_aliases(path).value(),
              ElementsAre(Pair("big:1", "/models/big.gguf"), Pair("mine", "smollm2")));
  ASSERT_TRUE(remove_alias(path, "mine"));
  EXPECT_EQ(remove_alias(path, "mine").error().code, ErrorCode::not_found);
  EXPECT_THAT(read_aliases(path).value(), ElementsAre(Pair("big:1", "/models/big.gguf")));
  EXPECT_EQ(set_alias(path, "No name", "x").error().code, ErrorCode::usage);
  EXPECT_EQ(set_alias(path, "hf:x", "x").error().code, ErrorCode::usage);
  EXPECT_EQ(set_alias(path, "empty", "").error().code, ErrorCode::usage);
}

TEST(Aliases, SeveralAtOnceAreAllKept) {
  const test::TempDir dir;
  const std::string path = dir.file("aliases.json");
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      for (int j = 0; j < 5; ++j)
        EXPECT_TRUE(set_alias(path, "a" + std::to_string(i) + "-" + std::to_string(j), "x"));
    });
  threads.clear();
  EXPECT_EQ(read_aliases(path).value().size(), 40u);
}

TEST(Aliases, WhatIsNotUnderstoodIsSaidAndKept) {
  const test::TempDir dir;
  for (const char* text :
       {"", "[]", "{}", R"({"version": 2, "aliases": {}})", R"({"version": 1, "aliases": []})",
        R"({"version": 1, "aliases": {"a": 1}})", R"({"version": 1, "aliases": {"../a": "x"}})",
        R"({"version": 1, "aliases": {"a": ""}})"}) {
    const std::string path = dir.write("aliases.json", text);
    EXPECT_EQ(read_aliases(path).error().code, ErrorCode::integrity) << text;
    EXPECT_THAT(read_aliases(path).error().message, HasSubstr("aliases.json"));
    EXPECT_FALSE(set_alias(path, "b", "x")) << text;
    EXPECT_EQ(read_file(path, 1000).value(), text);
  }
}

}  // namespace
}  // namespace hearth::store
