// SPDX-License-Identifier: Apache-2.0
#include "store/name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "store/known_models.h"
#include "store/shards.h"

namespace hearth::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ModelName, Rules) {
  for (const std::string_view name : {"a", "smollm2", "qwen3:0.6b", "x-1_2.3", "0"})
    EXPECT_TRUE(is_model_name(name)) << name;
  EXPECT_TRUE(is_model_name(std::string(128, 'a')));
  EXPECT_FALSE(is_model_name(std::string(129, 'a')));
  for (const std::string_view name : {"", ".", "..", ".hidden", "-x", ":x", "a/b", "../a", "Upper",
                                      "a b", "a\n", "caf\xC3\xA9", "model.gguf", "a\\b"})
    EXPECT_FALSE(is_model_name(name)) << name;
  EXPECT_FALSE(is_model_name(std::string_view("a\0b", 3)));
  EXPECT_EQ(check_model_name("../x").error().code, ErrorCode::usage);
}

TEST(ModelName, FromAFile) {
  EXPECT_EQ(name_for_file("/m/SmolLM2-135M-Instruct.Q4_1.gguf"), "smollm2-135m-instruct.q4_1");
  EXPECT_EQ(name_for_file("big-00002-of-00005.gguf"), "big");
  EXPECT_EQ(name_for_file("my model (1).gguf"), "my-model--1-");
  EXPECT_EQ(name_for_file("..gguf"), "model");
  EXPECT_EQ(name_for_file("\xC3\xA9.gguf"), "model");
  EXPECT_EQ(name_for_file(""), "model");
  EXPECT_TRUE(is_model_name(name_for_file(std::string(500, 'X') + ".gguf")));
}

TEST(ModelName, Nearest) {
  const std::string names[] = {"llama3", "qwen3:0.6b", "qwen3:4b", "smollm2"};
  EXPECT_THAT(nearest_names("smolm2", names), ElementsAre("smollm2"));
  EXPECT_THAT(nearest_names("SmolLM2", names), ElementsAre("smollm2"));
  EXPECT_THAT(nearest_names("qwen3", names), ElementsAre("qwen3:0.6b", "qwen3:4b"));
  EXPECT_THAT(nearest_names("completely-different", names), IsEmpty());
  EXPECT_THAT(nearest_names("", names), IsEmpty());
}

TEST(Shards, Names) {
  const auto shard = parse_shard("dir/m-00002-of-00010.gguf");
  ASSERT_TRUE(shard.has_value());
  EXPECT_EQ(shard->prefix, "dir/m");
  EXPECT_EQ(shard->number, 2u);
  EXPECT_EQ(shard->count, 10u);
  for (const std::string_view name :
       {"m.gguf", "-00001-of-00002.gguf", "m-00000-of-00002.gguf", "m-00003-of-00002.gguf",
        "m-0001-of-00002.gguf", "m-00001_of-00002.gguf", "m-0000a-of-00002.gguf",
        "m-00001-of-00002.bin", ""})
    EXPECT_FALSE(parse_shard(name).has_value()) << name;
}

TEST(Shards, AllOfThemOrTheMissingOne) {
  const test::TempDir dir;
  const std::string first = dir.write("m-00001-of-00003.gguf", "1");
  const std::string third = dir.write("m-00003-of-00003.gguf", "3");
  const auto missing = all_shards(third);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_THAT(missing.error().message, HasSubstr("m-00002-of-00003.gguf"));
  const std::string second = dir.write("m-00002-of-00003.gguf", "2");
  EXPECT_THAT(all_shards(third).value(), ElementsAre(first, second, third));
  EXPECT_THAT(all_shards("any.gguf").value(), ElementsAre("any.gguf"));
}

TEST(KnownModels, Rows) {
  ASSERT_NE(find_known_model("smollm2"), nullptr);
  EXPECT_EQ(find_known_model("nope"), nullptr);
  for (const KnownModel& model : known_models()) {
    EXPECT_TRUE(is_model_name(model.name));
    // Either the hash stands here, or the hub names it.
    EXPECT_EQ(model.sha256.size(), model.hub.empty() ? 64u : 0u) << model.name;
    EXPECT_FALSE(model.licence.empty());
  }
}

}  // namespace
}  // namespace hearth::store
