// SPDX-License-Identifier: Apache-2.0
//
// Sound files: what they parse to, and what the typed getters say. Hostile files are in
// gguf_hostile_test.cc, split models in gguf_split_test.cc.
#include "format/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "format/gguf_test_util.h"

namespace hearth::format {
namespace {

using testing::HasSubstr;

GgufBytes every_value_type(std::uint32_t version) {
  GgufBytes file(2, 17, version);
  file.entry("a.u8", ValueType::u8, std::uint8_t{200})
      .entry("a.i8", ValueType::i8, std::int8_t{-100})
      .entry("a.u16", ValueType::u16, std::uint16_t{60000})
      .entry("a.i16", ValueType::i16, std::int16_t{-30000})
      .entry("a.u32", ValueType::u32, std::uint32_t{4000000000})
      .entry("a.i32", ValueType::i32, std::int32_t{-2000000000})
      .entry("a.f32", ValueType::f32, 1.5f)
      .entry("a.bool", ValueType::boolean, std::uint8_t{1})
      .entry("a.string", "h\xc3\xa9llo")
      .entry("a.u64", ValueType::u64, std::numeric_limits<std::uint64_t>::max())
      .entry("a.i64", ValueType::i64, std::numeric_limits<std::int64_t>::min())
      .entry("a.f64", ValueType::f64, -2.25)
      .array("b.strings", ValueType::string,
             {std::string_view("x"), std::string_view(""), std::string_view("zz")})
      .array("b.i16", ValueType::i16, {std::int16_t{-1}, std::int16_t{2}})
      .array("b.f64", ValueType::f64, {0.5, -0.5})
      .array("b.bool", ValueType::boolean, {std::uint8_t{1}, std::uint8_t{0}})
      .array<std::uint32_t>("b.empty", ValueType::u32, {})
      .tensor("w", {64, 3}, 8, 0)   // Q8_0: 6 blocks of 34 bytes
      .tensor("bias", {5}, 0, 224)  // behind the 204 bytes of w, padded
      .pad()
      .data(204, 'w')
      .pad()
      .data(20, 'b');
  return file;
}

class GgufVersions : public testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(, GgufVersions, testing::Values(2u, 3u));

TEST_P(GgufVersions, reads_every_value_type) {
  const ParsedBytes parsed = parse_bytes(every_value_type(GetParam()));
  ASSERT_TRUE(parsed.gguf) << parsed.gguf.error().message;
  const Gguf& gguf = *parsed.gguf;
  EXPECT_EQ(gguf.version(), GetParam());
  EXPECT_EQ(gguf.file_name(), "m.gguf");
  ASSERT_EQ(gguf.metadata().size(), 17u);
  EXPECT_EQ(gguf.metadata()[0].key, "a.u8");
  EXPECT_EQ(gguf.require_uint("a.u8"), 200u);
  EXPECT_EQ(got(gguf.get_int("a.i8")), -100);
  EXPECT_EQ(gguf.require_uint("a.u16"), 60000u);
  EXPECT_EQ(got(gguf.get_int("a.i16")), -30000);
  EXPECT_EQ(gguf.require_uint("a.u32"), 4000000000u);
  EXPECT_EQ(got(gguf.get_int("a.i32")), -2000000000);
  EXPECT_EQ(gguf.require_float("a.f32"), 1.5);
  EXPECT_EQ(got(gguf.get_bool("a.bool")), true);
  EXPECT_EQ(gguf.require_string("a.string"), "h\xc3\xa9llo");
  EXPECT_EQ(gguf.require_uint("a.u64"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(got(gguf.get_int("a.i64")), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(gguf.require_float("a.f64"), -2.25);
  EXPECT_EQ(gguf.require_float("a.i8"), -100.0);

  const auto strings = gguf.require_array("b.strings", ValueType::string);
  ASSERT_TRUE(strings);
  ASSERT_EQ(strings->size(), 3u);
  EXPECT_EQ(strings->string_at(0), "x");
  EXPECT_EQ(strings->string_at(1), "");
  EXPECT_EQ(strings->string_at(2), "zz");
  EXPECT_EQ(got(gguf.get_int_array("b.i16")).int_at(0), -1);
  EXPECT_EQ(got(gguf.get_int_array("b.i16")).float_at(1), 2.0);
  EXPECT_EQ(got(gguf.get_float_array("b.f64")).float_at(1), -0.5);
  EXPECT_EQ(got(gguf.get_array("b.bool", ValueType::boolean)).int_at(0), 1);
  EXPECT_EQ(got(gguf.get_int_array("b.empty")).size(), 0u);
  touch_everything(gguf);
}

TEST_P(GgufVersions, finds_tensors_and_their_bytes) {
  const ParsedBytes parsed = parse_bytes(every_value_type(GetParam()));
  ASSERT_TRUE(parsed.gguf) << parsed.gguf.error().message;
  ASSERT_EQ(parsed.gguf->tensors().size(), 2u);
  const Tensor* w = parsed.gguf->find_tensor("w");
  ASSERT_NE(w, nullptr);
  EXPECT_EQ(w->type, TensorType::q8_0);
  EXPECT_EQ(w->n_dims, 2u);
  EXPECT_EQ(w->dims, (std::array<std::uint64_t, 4>{64, 3, 1, 1}));
  EXPECT_EQ(w->n_elements(), 192u);
  ASSERT_EQ(w->bytes.size(), 204u);
  EXPECT_EQ(w->bytes.front(), std::byte{'w'});
  EXPECT_EQ(w->bytes.back(), std::byte{'w'});
  EXPECT_EQ(w->file_offset % 32, 0u);
  EXPECT_EQ(w->bytes.data(), parsed.files[0].span().data() + w->file_offset);
  const Tensor* bias = parsed.gguf->find_tensor("bias");
  ASSERT_NE(bias, nullptr);
  ASSERT_EQ(bias->bytes.size(), 20u);
  EXPECT_EQ(bias->bytes.front(), std::byte{'b'});
  EXPECT_EQ(parsed.gguf->find_tensor("nope"), nullptr);
}

TEST(Gguf, views_survive_a_move) {
  ParsedBytes parsed = parse_bytes(every_value_type(3));
  ASSERT_TRUE(parsed.gguf);
  const Gguf moved = std::move(*parsed.gguf);
  EXPECT_EQ(moved.require_array("b.strings", ValueType::string)->string_at(2), "zz");
  touch_everything(moved);
}

TEST(Gguf, reads_a_file_without_tensors_or_metadata) {
  EXPECT_TRUE(parse_bytes(GgufBytes(0, 0)).gguf);
  EXPECT_TRUE(parse_bytes(GgufBytes(0, 1).entry("general.architecture", "llama")).gguf);
}

TEST(Gguf, ignores_bytes_behind_the_last_tensor) {
  EXPECT_TRUE(parse_bytes(every_value_type(3).pad().data(100)).gguf);
  EXPECT_TRUE(parse_bytes(GgufBytes(0, 0).data(3)).gguf);
}

TEST(Gguf, honours_the_alignment_of_the_file) {
  for (const std::uint32_t alignment : {8u, 16u, 64u, 4096u}) {
    GgufBytes file(2, 1);
    file.entry("general.alignment", ValueType::u32, alignment)
        .tensor("a", {1}, 24, 0)
        .tensor("b", {1}, 24, alignment)
        .pad(alignment)
        .data(1, 'a')
        .pad(alignment)
        .data(1, 'b');
    const ParsedBytes parsed = parse_bytes(file);
    ASSERT_TRUE(parsed.gguf) << parsed.gguf.error().message;
    EXPECT_EQ(parsed.gguf->find_tensor("b")->bytes[0], std::byte{'b'});
    EXPECT_EQ(parsed.gguf->find_tensor("b")->file_offset % alignment, 0u);
  }
}

TEST(Gguf, tensors_may_lie_in_any_order) {
  GgufBytes file(2, 0);
  file.tensor("second", {1}, 24, 32)
      .tensor("first", {1}, 24, 0)
      .pad()
      .data(1, '1')
      .pad()
      .data(1, '2');
  const ParsedBytes parsed = parse_bytes(file);
  ASSERT_TRUE(parsed.gguf) << parsed.gguf.error().message;
  EXPECT_EQ(parsed.gguf->find_tensor("first")->bytes[0], std::byte{'1'});
  EXPECT_EQ(parsed.gguf->find_tensor("second")->bytes[0], std::byte{'2'});
}

TEST(Gguf, every_tensor_type_has_a_size) {
  for (std::uint32_t id = 0; id < 64; ++id) {
    const auto info = type_info(id);
    if (!info) continue;
    GgufBytes file(1, 0);
    file.tensor("t", {info->block_elems, 2, 3}, id, 0).pad().data(info->block_bytes * 6);
    const ParsedBytes parsed = parse_bytes(file);
    ASSERT_TRUE(parsed.gguf) << parsed.gguf.error().message;
    EXPECT_EQ(parsed.gguf->tensors()[0].bytes.size(), info->block_bytes * 6u);
  }
}

TEST(GgufGetters, an_absent_key_is_nothing_or_an_error_that_names_it) {
  const ParsedBytes parsed = parse_bytes(GgufBytes(0, 0));
  ASSERT_TRUE(parsed.gguf);
  const Gguf& gguf = *parsed.gguf;
  EXPECT_EQ(*gguf.get_uint("k"), std::nullopt);
  EXPECT_EQ(*gguf.get_string("k"), std::nullopt);
  EXPECT_FALSE(gguf.get_array("k", ValueType::u8)->has_value());
  const auto missing = gguf.require_uint("llama.block_count");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::integrity);
  EXPECT_EQ(missing.error().message,
            "m.gguf: key llama.block_count is missing, where an unsigned integer is needed");
  EXPECT_FALSE(gguf.require_float("k"));
  EXPECT_FALSE(gguf.require_string("k"));
  EXPECT_FALSE(gguf.require_array("k", ValueType::string));
}

TEST(GgufGetters, a_wrong_type_is_an_error_that_names_what_was_found_and_needed) {
  const ParsedBytes parsed = parse_bytes(every_value_type(3));
  ASSERT_TRUE(parsed.gguf);
  const Gguf& gguf = *parsed.gguf;
  EXPECT_EQ(gguf.get_uint("a.string").error().message,
            "m.gguf: key a.string is string where an unsigned integer is needed");
  EXPECT_EQ(gguf.get_uint("a.string").error().code, ErrorCode::integrity);
  EXPECT_EQ(gguf.get_uint("a.i8").error().message,
            "m.gguf: key a.i8 is -100 where an unsigned integer is needed");
  EXPECT_FALSE(gguf.get_uint("a.f32"));
  EXPECT_FALSE(gguf.get_uint("a.bool"));
  EXPECT_THAT(gguf.get_int("a.u64").error().message, HasSubstr("18446744073709551615, too large"));
  EXPECT_FALSE(gguf.get_int("a.f64"));
  EXPECT_FALSE(gguf.get_float("a.bool"));
  EXPECT_FALSE(gguf.get_float("a.string"));
  EXPECT_FALSE(gguf.get_bool("a.u8"));
  EXPECT_FALSE(gguf.get_string("a.u8"));
  EXPECT_FALSE(gguf.get_string("b.strings"));
  EXPECT_EQ(gguf.get_float_array("b.i16").error().message,
            "m.gguf: key b.i16 is an array of 2 i16 where an array of f32 or f64 is needed");
  EXPECT_EQ(gguf.get_array("a.u8", ValueType::string).error().message,
            "m.gguf: key a.u8 is u8 where an array of string is needed");
  EXPECT_FALSE(gguf.get_int_array("b.f64"));
  EXPECT_FALSE(gguf.get_int_array("b.bool"));
  EXPECT_FALSE(gguf.get_int_array("b.strings"));
  EXPECT_FALSE(gguf.require_array("b.i16", ValueType::i32));
}

TEST(GgufGetters, an_integer_array_holds_only_what_fits_a_signed_integer) {
  GgufBytes file(0, 2);
  file.array("good", ValueType::u64, {std::uint64_t{1}, std::uint64_t{1} << 62})
      .array("bad", ValueType::u64, {std::uint64_t{1}, std::uint64_t{1} << 63});
  const ParsedBytes parsed = parse_bytes(file);
  ASSERT_TRUE(parsed.gguf);
  EXPECT_TRUE(parsed.gguf->get_int_array("good"));
  EXPECT_THAT(parsed.gguf->get_int_array("bad").error().message,
              HasSubstr("key bad has 9223372036854775808 at index 1"));
}

TEST(GgufGetters, value_types_have_names) {
  EXPECT_EQ(name_of(ValueType::u8), "u8");
  EXPECT_EQ(name_of(ValueType::boolean), "bool");
  EXPECT_EQ(name_of(ValueType::array), "array");
  EXPECT_EQ(name_of(static_cast<ValueType>(99)), "unknown");
}

}  // namespace
}  // namespace hearth::format
