// SPDX-License-Identifier: Apache-2.0
#include "engine/smaller_model.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "engine/loaded_model.h"
#include "format/gguf_test_util.h"

namespace hearth::engine {
namespace {

std::shared_ptr<const format::ModelFiles> open(const std::string& name) {
  const std::string path =
      std::string(HEARTH_SOURCE_DIR) + "/tests/fixtures/models/" + name + ".gguf";
  std::vector<format::NamedFd> shards;
  shards.push_back({open_for_read(path).value(), path});
  return format::ModelFiles::map(std::move(shards)).value();
}

struct Names {
  const char *name = "", *basename = "", *size = "", *finetune = "";
};

bool same(const Names& a, const Names& b) {
  const auto parse = [](const Names& names) {
    format::GgufBytes file(0, 4);
    file.entry("general.name", names.name)
        .entry("general.basename", names.basename)
        .entry("general.size_label", names.size)
        .entry("general.finetune", names.finetune);
    return format::parse_bytes(file);
  };
  const auto first = parse(a), second = parse(b);
  return is_same_name(*first.gguf, *second.gguf);
}

TEST(SmallerModel, NamesAgreeWithoutTheirQuantisation) {
  EXPECT_TRUE(same({.name = "Tiny 1B Instruct"}, {.name = "Tiny 1B Instruct"}));
  EXPECT_TRUE(same({.name = "Tiny 1B Q4_K_M"}, {.name = "Tiny-1B-f16"}));
  EXPECT_TRUE(same({.name = "Tiny 1B.Q8_0"}, {.name = "Tiny 1B"}));
  EXPECT_FALSE(same({.name = "Tiny 1B"}, {.name = "Tiny 1B Instruct"}));
  EXPECT_FALSE(same({.name = "Tiny 1B"}, {.name = "Tiny 3B"}));
  EXPECT_FALSE(same({.name = ""}, {.name = ""}));
  EXPECT_FALSE(same({.name = "Q8_0"}, {.name = "F16"}));  // nothing is left to compare
}

TEST(SmallerModel, TheNewerKeysCountBeforeTheName) {
  const Names chat{"a", "Tiny", "1B", "Instruct"};
  EXPECT_TRUE(same(chat, {"b", "Tiny", "1B", "Instruct"}));
  EXPECT_FALSE(same(chat, {"a", "Tiny", "3B", "Instruct"}));
  EXPECT_FALSE(same(chat, {"a", "Tiny", "1B", "Coder"}));
  EXPECT_TRUE(same(chat, {"a", "", "", ""}));  // of a file that has the name alone
  EXPECT_FALSE(same(chat, {"b", "", "", ""}));
}

TEST(SmallerModel, OnFiles) {
  const auto f32 = open("tiny-llama-f32"), q8 = open("tiny-llama-q8_0");
  EXPECT_TRUE(is_same_model(f32->gguf(), q8->gguf()));
  EXPECT_FALSE(is_same_model(f32->gguf(), open("tiny-llama3-q8_0")->gguf()));
  EXPECT_FALSE(is_same_model(f32->gguf(), open("tiny-qwen2-q8_0")->gguf()));

  LoadOptions options;
  options.n_ctx = 256;
  const auto plan = model::compile_plan(q8->gguf()).value();
  const std::uint64_t enough = plan_memory(plan, *q8, options, {{}, {}}).value().total_bytes();
  EXPECT_TRUE(would_do_instead(*f32, *q8, options, enough));
  EXPECT_FALSE(would_do_instead(*f32, *q8, options, enough - 1));
  EXPECT_FALSE(would_do_instead(*q8, *f32, options, std::uint64_t{1} << 40));  // not smaller
  EXPECT_FALSE(would_do_instead(*q8, *q8, options, std::uint64_t{1} << 40));
  EXPECT_FALSE(would_do_instead(*f32, *open("tiny-qwen2-q8_0"), options, std::uint64_t{1} << 40));
}

}  // namespace
}  // namespace hearth::engine
