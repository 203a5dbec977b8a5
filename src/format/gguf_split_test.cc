// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "format/gguf.h"
#include "format/gguf_test_util.h"

namespace hearth::format {
namespace {

using testing::HasSubstr;

struct ShardFacts {
  std::uint16_t number = 0;
  std::uint16_t count = 3;
  std::int32_t n_tensors = 3;
  std::string_view tensor;
  bool with_tensor_count = true;
};

// A shard with one one-byte tensor, filled with its number.
std::string shard(const ShardFacts& facts) {
  const bool first = facts.number == 0;
  GgufBytes file(1, 2u + (facts.with_tensor_count ? 1 : 0) + (first ? 1 : 0));
  if (first) file.entry("general.name", "split");
  file.entry("split.no", ValueType::u16, facts.number)
      .entry("split.count", ValueType::u16, facts.count);
  if (facts.with_tensor_count) file.entry("split.tensors.count", ValueType::i32, facts.n_tensors);
  file.tensor(facts.tensor, {1}, 24, 0).pad().data(1, static_cast<char>('0' + facts.number));
  return file.bytes();
}

const std::string kFirst = shard({.number = 0, .tensor = "a"});
const std::string kSecond = shard({.number = 1, .tensor = "b"});
const std::string kThird = shard({.number = 2, .tensor = "c"});

std::string refusal(const std::vector<std::string>& files) {
  const ParsedBytes parsed = parse_bytes(files);
  if (parsed.gguf) return "(accepted)";
  EXPECT_EQ(parsed.gguf.error().code, ErrorCode::integrity);
  return parsed.gguf.error().message;
}

TEST(GgufSplit, gathers_the_tensors_of_all_shards) {
  const ParsedBytes parsed = parse_bytes({kFirst, kSecond, kThird});
  ASSERT_TRUE(parsed.gguf) << parsed.gguf.error().message;
  const Gguf& gguf = *parsed.gguf;
  EXPECT_EQ(gguf.file_name(), "m1.gguf");
  EXPECT_EQ(gguf.require_string("general.name"), "split");
  ASSERT_EQ(gguf.tensors().size(), 3u);
  for (const std::string_view name : {"a", "b", "c"}) {
    const Tensor* tensor = gguf.find_tensor(name);
    ASSERT_NE(tensor, nullptr);
    EXPECT_EQ(tensor->shard, static_cast<std::uint32_t>(name[0] - 'a'));
    EXPECT_EQ(tensor->bytes[0], static_cast<std::byte>('0' + (name[0] - 'a')));
  }
  touch_everything(gguf);
}

TEST(GgufSplit, later_shards_need_not_repeat_the_tensor_count) {
  EXPECT_EQ(
      refusal({kFirst, shard({.number = 1, .tensor = "b", .with_tensor_count = false}), kThird}),
      "(accepted)");
  EXPECT_THAT(
      refusal({shard({.number = 0, .tensor = "a", .with_tensor_count = false}), kSecond, kThird}),
      HasSubstr("key split.tensors.count is missing"));
}

TEST(GgufSplit, says_which_shards_are_missing) {
  EXPECT_EQ(refusal({kFirst}), "m.gguf: the model is split and shards 2 to 3 of 3 are missing");
  EXPECT_EQ(refusal({kThird}), "m.gguf: the model is split and shards 1 to 2 of 3 are missing");
  EXPECT_EQ(refusal({kFirst, kThird}), "m1.gguf: the model is split and shard 2 of 3 is missing");
  const std::string alone = shard({.number = 2, .count = 9, .tensor = "a"});
  EXPECT_EQ(refusal({alone}),
            "m.gguf: the model is split and shards 1 to 2 and 4 to 9 of 9 are missing");
}

TEST(GgufSplit, shards_come_in_order_and_once) {
  EXPECT_THAT(refusal({kFirst, kThird, kSecond}),
              HasSubstr("m2.gguf: this is shard 3 of 3, given in the place of shard 2"));
  EXPECT_THAT(refusal({kFirst, kFirst, kThird}),
              HasSubstr("m2.gguf: shard 1 of 3 was given twice"));
  EXPECT_THAT(refusal({kFirst, kSecond, kThird, kThird}), HasSubstr("given twice"));
}

TEST(GgufSplit, counts_agree) {
  EXPECT_THAT(refusal({kFirst, shard({.number = 1, .count = 4, .tensor = "b"}), kThird}),
              HasSubstr("m2.gguf: key split.count is 4, but 3 in m1.gguf"));
  EXPECT_THAT(refusal({kFirst, shard({.number = 7, .tensor = "b"}), kThird}),
              HasSubstr("split.no is 7, but there are 3 shards"));
  EXPECT_THAT(refusal({shard({.n_tensors = 4, .tensor = "a"}), kSecond, kThird}),
              HasSubstr("split.tensors.count is 4, but the 3 shards hold 3 tensors"));
  EXPECT_THAT(refusal({kFirst, shard({.number = 1, .n_tensors = 2, .tensor = "b"}), kThird}),
              HasSubstr("m2.gguf: key split.tensors.count is 2"));
  EXPECT_THAT(refusal({shard({.n_tensors = -1, .tensor = "a"}), kSecond, kThird}),
              HasSubstr("is -1 where an unsigned integer is needed"));
}

TEST(GgufSplit, tensor_names_are_unique_over_all_shards) {
  EXPECT_THAT(refusal({kFirst, kSecond, shard({.number = 2, .tensor = "a"})}),
              HasSubstr("m3.gguf: a tensor name appears twice"));
}

TEST(GgufSplit, every_shard_is_checked_as_a_file) {
  EXPECT_THAT(refusal({kFirst, kSecond, kThird.substr(0, kThird.size() - 1)}),
              HasSubstr("m3.gguf: the 1 bytes of data run past the end of the file"));
  EXPECT_THAT(refusal({kFirst, "GGUF", kThird}), HasSubstr("m2.gguf: the file ends in its header"));
}

TEST(GgufSplit, whole_models_are_not_shards) {
  const std::string whole = GgufBytes(0, 0).bytes();
  EXPECT_THAT(refusal({whole, whole}),
              HasSubstr("2 files were given, but this one is a whole model"));
  EXPECT_THAT(refusal({kFirst, whole, kThird}), HasSubstr("m2.gguf: key split.count is missing"));
  // A model merged from shards keeps a count of 0.
  EXPECT_EQ(
      refusal({GgufBytes(0, 1).entry("split.count", ValueType::u16, std::uint16_t{0}).bytes()}),
      "(accepted)");
  EXPECT_EQ(
      refusal({GgufBytes(0, 1).entry("split.count", ValueType::u16, std::uint16_t{1}).bytes()}),
      "(accepted)");
}

TEST(GgufSplit, a_huge_count_costs_nothing) {
  GgufBytes file(0, 2);
  file.entry("split.no", ValueType::u16, std::uint16_t{0})
      .entry("split.count", ValueType::u64, ~std::uint64_t{0});
  EXPECT_THAT(refusal({file.bytes()}), HasSubstr("more than the 99999 allowed"));
  GgufBytes wrong(0, 1);
  wrong.entry("split.count", "5");
  EXPECT_THAT(refusal({wrong.bytes()}), HasSubstr("key split.count is string"));
}

TEST(GgufSplit, no_file_at_all) {
  const auto gguf = Gguf::parse({});
  ASSERT_FALSE(gguf);
  EXPECT_EQ(gguf.error().code, ErrorCode::usage);
}

}  // namespace
}  // namespace hearth::format
