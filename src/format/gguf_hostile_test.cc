// SPDX-License-Identifier: Apache-2.0
//
// Files made to break a reader. The first half repeats, by the number of the public report, every
// kind of hole that other GGUF readers had; the second half cuts and corrupts a sound file
// everywhere. Parsing runs over heap blocks of the exact size, so a read too far shows under
// AddressSanitizer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "format/gguf.h"
#include "format/gguf_limits.h"
#include "format/gguf_test_util.h"

namespace hearth::format {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::uint64_t kMax64 = std::numeric_limits<std::uint64_t>::max();

// The message with which the file is refused; it must carry this code and name the file and a byte.
std::string refusal(const GgufBytes& file, ErrorCode code = ErrorCode::integrity) {
  const ParsedBytes parsed = parse_bytes(file);
  if (parsed.gguf) return "(accepted)";
  EXPECT_EQ(parsed.gguf.error().code, code) << parsed.gguf.error().message;
  EXPECT_THAT(parsed.gguf.error().message,
              AllOf(testing::StartsWith("m.gguf: "), HasSubstr(" at byte ")));
  return parsed.gguf.error().message;
}

// A file with one tensor entry and room for any data that its shape could mean.
GgufBytes one_tensor(std::initializer_list<std::uint64_t> dims, std::uint32_t type = 0,
                     std::uint64_t offset = 0) {
  return GgufBytes(1, 0).tensor("w", dims, type, offset).pad().data(4096);
}

// --- Header
// ---------------------------------------------------------------------------------------

TEST(GgufHostile, CVE_2024_23605_metadata_count_overflows_an_allocation) {
  for (const std::uint64_t count : {kMax64, kMax64 / 40, kMax64 / 64 + 1, std::uint64_t{1} << 32}) {
    EXPECT_THAT(refusal(GgufBytes(0, count).data(256)), HasSubstr("at byte 16 (header)"));
  }
  EXPECT_EQ(
      refusal(GgufBytes(0, 19).data(256)),
      "m.gguf: 19 metadata entries cannot fit in the 256 bytes that follow at byte 16 (header)");
}

TEST(GgufHostile, CVE_2024_21836_tensor_count_overflows_an_allocation) {
  for (const std::uint64_t count : {kMax64, kMax64 / 88, kMax64 / 104 + 1, kMaxTensors + 1}) {
    EXPECT_THAT(refusal(GgufBytes(count, 0).data(256)), HasSubstr("at byte 8 (header)"));
  }
  EXPECT_THAT(refusal(GgufBytes(100, 0).data(256)), HasSubstr("100 tensors cannot fit"));
}

TEST(GgufHostile, versions_and_orders_that_are_not_ours) {
  EXPECT_THAT(refusal(GgufBytes(0, 0, 1), ErrorCode::unsupported), HasSubstr("version 1"));
  EXPECT_THAT(refusal(GgufBytes(0, 0, 4), ErrorCode::unsupported), HasSubstr("version 4 is newer"));
  EXPECT_THAT(refusal(GgufBytes(0, 0, 0x03000000), ErrorCode::unsupported),
              HasSubstr("big-endian"));
  EXPECT_THAT(refusal(GgufBytes(0, 0, 0)), HasSubstr("0 is no GGUF version"));
  EXPECT_THAT(refusal(GgufBytes(0, 0, 0x12345678)), HasSubstr("no GGUF version"));
}

TEST(GgufHostile, files_that_people_mix_up_with_gguf_are_named) {
  EXPECT_THAT(refusal(GgufBytes().raw("")), HasSubstr("empty"));
  EXPECT_THAT(refusal(GgufBytes().raw("GGU")), HasSubstr("magic"));
  EXPECT_THAT(refusal(GgufBytes().raw("FUGG0123456789")), HasSubstr("magic"));
  EXPECT_THAT(refusal(GgufBytes().raw("tjgg0123456789")), HasSubstr("old GGML"));
  EXPECT_THAT(refusal(GgufBytes().raw("<!DOCTYPE html>")), HasSubstr("web page"));
  EXPECT_THAT(refusal(GgufBytes().raw("version https://git-lfs.github.com/spec/v1\n")),
              HasSubstr("Git LFS"));
  EXPECT_THAT(refusal(GgufBytes().raw("PK\x03\x04zip")), HasSubstr("zip"));
  EXPECT_THAT(refusal(GgufBytes().put(std::uint64_t{80}).raw("{\"a\":1}")),
              HasSubstr("safetensors"));
}

// --- Metadata
// -------------------------------------------------------------------------------------

TEST(GgufHostile, CVE_2024_23496_string_length_overflows_an_allocation) {
  for (const std::uint64_t length :
       {kMax64, kMax64 - 1, std::uint64_t{1} << 63, std::uint64_t{17}}) {
    GgufBytes file(0, 1);
    file.key("general.name", ValueType::string).put(length).data(16);
    EXPECT_THAT(refusal(file), AllOf(HasSubstr("at byte 48"), HasSubstr("(key general.name)")));
  }
}

TEST(GgufHostile, CVE_2024_23496_key_length_overflows_an_allocation) {
  for (const std::uint64_t length : {kMax64, std::uint64_t{65536}, std::uint64_t{17}}) {
    GgufBytes file(0, 1);
    file.put(length).data(16);
    EXPECT_THAT(refusal(file), HasSubstr("at byte 24 (key number 1)"));
  }
}

TEST(GgufHostile, CVE_2024_21825_array_length_overflows_an_allocation) {
  for (std::uint32_t element = 0; element <= 12; ++element) {
    if (element == 9) continue;
    for (const std::uint64_t length :
         {kMax64, kMax64 / 8 + 2, kMax64 / 16 + 1, kMax64 / 4 + 2, std::uint64_t{1} << 40}) {
      GgufBytes file(0, 1);
      file.key("tokenizer.ggml.tokens", ValueType::array).put(element).put(length).data(64);
      EXPECT_THAT(refusal(file), HasSubstr("(key tokenizer.ggml.tokens)"));
    }
  }
}

TEST(GgufHostile, CVE_2024_32878_parse_ends_inside_an_array_of_strings) {
  GgufBytes file(0, 1);
  file.key("k", ValueType::array).put(ValueType::string).put(std::uint64_t{3});
  file.string("one").put(kMax64).data(16);
  EXPECT_THAT(refusal(file), AllOf(HasSubstr("element 1"), HasSubstr("(key k)")));
}

TEST(GgufHostile, CVE_2025_49847_token_longer_than_a_32_bit_length) {
  GgufBytes file(0, 1);
  file.key("tokenizer.ggml.tokens", ValueType::array).put(ValueType::string).put(std::uint64_t{1});
  file.put((std::uint64_t{1} << 32) + 4).data(64);
  EXPECT_THAT(refusal(file), HasSubstr("4294967300 bytes is longer than the"));
}

TEST(GgufHostile, token_scores_of_another_type_are_not_read_as_floats) {
  // ggml-org/llama.cpp read the array's bytes as f32 whatever its type said.
  GgufBytes file(0, 3);
  file.array("tokenizer.ggml.scores", ValueType::u8, {std::uint8_t{1}, std::uint8_t{2}})
      .array("tokenizer.ggml.token_type", ValueType::string, {std::string_view("x")})
      .entry("tokenizer.ggml.merges", ValueType::u64, kMax64);
  const ParsedBytes parsed = parse_bytes(file);
  ASSERT_TRUE(parsed.gguf);
  EXPECT_FALSE(parsed.gguf->get_float_array("tokenizer.ggml.scores"));
  EXPECT_FALSE(parsed.gguf->get_array("tokenizer.ggml.scores", ValueType::f32));
  EXPECT_FALSE(parsed.gguf->get_int_array("tokenizer.ggml.token_type"));
  EXPECT_FALSE(parsed.gguf->get_array("tokenizer.ggml.merges", ValueType::string));
}

TEST(GgufHostile, value_and_element_types_out_of_range) {
  for (const std::uint32_t type : {13u, 255u, 0xFFFFFFFFu}) {
    EXPECT_THAT(refusal(GgufBytes(0, 1).key("k", type).data(64)),
                HasSubstr("is no value type at byte 33 (key k)"));
    EXPECT_THAT(refusal(GgufBytes(0, 1).key("k", 9).put(type).put(std::uint64_t{1}).data(64)),
                HasSubstr("is no type for the elements of an array at byte 37 (key k)"));
  }
}

TEST(GgufHostile, nested_arrays_have_no_depth_to_exhaust) {
  GgufBytes file(0, 1);
  file.key("k", 9u);
  for (int depth = 0; depth < 100000; ++depth) file.put(std::uint32_t{9}).put(std::uint64_t{1});
  EXPECT_THAT(refusal(file, ErrorCode::unsupported), HasSubstr("arrays of arrays"));
}

TEST(GgufHostile, bools_are_0_or_1) {
  EXPECT_THAT(refusal(GgufBytes(0, 1).entry("k", ValueType::boolean, std::uint8_t{2})),
              HasSubstr("a bool is 2"));
  EXPECT_THAT(
      refusal(GgufBytes(0, 1).array("k", ValueType::boolean, {std::uint8_t{1}, std::uint8_t{255}})),
      HasSubstr("a bool is 255, neither 0 nor 1, at byte 50 (key k)"));
}

TEST(GgufHostile, keys_are_unique_and_printable) {
  GgufBytes twice(0, 2);
  twice.entry("k", ValueType::u8, std::uint8_t{1}).entry("k", ValueType::u8, std::uint8_t{2});
  EXPECT_EQ(refusal(twice), "m.gguf: a key appears twice at byte 38 (key k)");
  EXPECT_THAT(refusal(GgufBytes(0, 1).entry("", ValueType::u8, std::uint8_t{1}).data(1)),
              HasSubstr("a key is empty"));
  EXPECT_THAT(refusal(GgufBytes(0, 1).entry("k\x1b[2J", ValueType::u8, std::uint8_t{1})),
              AllOf(HasSubstr("not printable"), HasSubstr("k\\x1b[2J")));
}

TEST(GgufHostile, text_of_the_file_reaches_no_terminal) {
  const ParsedBytes parsed = parse_bytes(GgufBytes(1, 0).tensor("w\x1b]0;x\x07\n", {0}, 0, 0));
  ASSERT_FALSE(parsed.gguf);
  EXPECT_THAT(parsed.gguf.error().message, HasSubstr("(tensor w\\x1b]0;x\\x07\\n)"));
  const std::string bytes = GgufBytes(0, 7).bytes();
  const FileBytes file{"evil\x1b\n.gguf", std::as_bytes(std::span(bytes))};
  const auto gguf = Gguf::parse({&file, 1});
  ASSERT_FALSE(gguf);
  EXPECT_THAT(gguf.error().message, testing::StartsWith("evil\\x1b\\n.gguf: "));
}

TEST(GgufHostile, CVE_2025_0317_and_24997_alignment_divides_by_zero_or_is_unbounded) {
  for (const std::uint32_t alignment :
       {0u, 1u, 3u, 4u, 7u, 24u, 33u, kMaxAlignment * 2, 0x80000000u, 0xFFFFFFFFu}) {
    GgufBytes file(1, 1);
    file.entry("general.alignment", ValueType::u32, alignment).tensor("w", {1}, 0, 0).data(4096);
    EXPECT_THAT(refusal(file), HasSubstr("at byte 24 (key general.alignment)"));
  }
  EXPECT_THAT(refusal(GgufBytes(0, 1).entry("general.alignment", ValueType::u64, kMax64)),
              HasSubstr("the alignment is u64 where u32 is needed"));
  EXPECT_THAT(refusal(GgufBytes(0, 1).entry("general.alignment", "32")),
              HasSubstr("the alignment is string where u32 is needed"));
}

// --- Tensors
// --------------------------------------------------------------------------------------

TEST(GgufHostile, CVE_2024_21802_more_dimensions_than_the_entry_has_room_for) {
  for (const std::uint32_t n_dims : {0u, 5u, 255u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
    GgufBytes file(1, 0);
    file.string("w").put(n_dims).data(512, '\1');
    EXPECT_THAT(refusal(file), HasSubstr("dimensions are not from 1 to 4 at byte 33 (tensor w)"));
  }
}

TEST(GgufHostile, shapes_whose_product_wraps) {
  EXPECT_THAT(refusal(one_tensor({std::uint64_t{1} << 32, std::uint64_t{1} << 32})),
              HasSubstr("4294967296 x 4294967296 is larger than any file"));
  EXPECT_THAT(refusal(one_tensor({kMax64})), HasSubstr("(tensor w)"));
  EXPECT_THAT(refusal(one_tensor({std::uint64_t{1} << 63, 2})), HasSubstr("larger than any file"));
  EXPECT_THAT(refusal(one_tensor({1, 1, std::uint64_t{1} << 33, std::uint64_t{1} << 33})),
              HasSubstr("larger than any file"));
  // The product wraps to 16 elements.
  EXPECT_THAT(refusal(one_tensor({16, (std::uint64_t{1} << 60) + 1})),
              HasSubstr("larger than any file"));
}

TEST(GgufHostile, CVE_2026_33298_bytes_of_a_quantised_shape_wrap) {
  // Fewer than 2^64 elements, more than 2^64 bytes; for Q8_0 and F64, and for every other type.
  EXPECT_THAT(refusal(one_tensor({32, kMax64 / 33}, 8)), HasSubstr("larger than any file"));
  EXPECT_THAT(refusal(one_tensor({kMax64 / 8 + 2}, 28)), HasSubstr("larger than any file"));
  for (std::uint32_t id = 0; id < 64; ++id) {
    const auto info = type_info(id);
    if (!info) continue;
    for (int bits = 31; bits < 64; ++bits) {
      EXPECT_NE(refusal(one_tensor({info->block_elems, std::uint64_t{1} << bits}, id)),
                "(accepted)");
      const std::uint64_t wide = (std::uint64_t{1} << bits) / info->block_elems * info->block_elems;
      EXPECT_NE(refusal(one_tensor({wide, 1, 3}, id)), "(accepted)");
    }
  }
}

TEST(GgufHostile, CVE_2025_53630_and_2026_27940_sum_of_tensor_sizes_wraps) {
  // Each of the two fits 64 bits, their padded sum does not.
  GgufBytes file(2, 0);
  file.tensor("a", {std::uint64_t{1} << 62, 2}, 24, 0)
      .tensor("b", {std::uint64_t{1} << 62, 2}, 24, std::uint64_t{1} << 63)
      .pad()
      .data(4096);
  EXPECT_THAT(refusal(file), HasSubstr("(tensor a)"));
  // The end of the second wraps around to lie inside the file.
  GgufBytes wrapped(2, 0);
  wrapped.tensor("a", {32}, 24, 0).tensor("b", {64}, 24, kMax64 - 31).pad().data(4096);
  EXPECT_THAT(refusal(wrapped), HasSubstr("(tensor b)"));
}

TEST(GgufHostile, CVE_2026_7482_tensor_larger_than_the_file_would_leak_memory) {
  EXPECT_EQ(
      refusal(GgufBytes(1, 0).tensor("w", {64}, 24, 0).pad().data(63)),
      "m.gguf: the 64 bytes of data run past the end of the file, which has 127: it is damaged "
      "or was not downloaded whole, at byte 64 (tensor w)");
  EXPECT_THAT(refusal(GgufBytes(1, 0).tensor("w", {64}, 24, 0)), HasSubstr("(tensor w)"));
  EXPECT_THAT(refusal(one_tensor({4097}, 24)), HasSubstr("run past the end"));
  EXPECT_THAT(refusal(one_tensor({1}, 24, 4096)), HasSubstr("run past the end"));
  EXPECT_THAT(refusal(one_tensor({1}, 24, kMax64 - 31)), HasSubstr("run past the end"));
}

TEST(GgufHostile, a_dimension_of_zero) {
  EXPECT_THAT(refusal(one_tensor({0})), HasSubstr("dimension 0 is 0 at byte 37 (tensor w)"));
  EXPECT_THAT(refusal(one_tensor({4, 0})), HasSubstr("dimension 1 is 0 at byte 45 (tensor w)"));
}

TEST(GgufHostile, rows_that_do_not_divide_into_blocks) {
  EXPECT_THAT(refusal(one_tensor({33}, 8)), HasSubstr("rows of 33 elements"));
  EXPECT_THAT(refusal(one_tensor({128, 2}, 12)), HasSubstr("blocks of 256 of type Q4_K"));
}

TEST(GgufHostile, CVE_2024_42477_tensor_type_indexes_a_table) {
  for (const std::uint32_t type : {43u, 96u, 9999u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu}) {
    EXPECT_THAT(refusal(one_tensor({256}, type)),
                HasSubstr("is no tensor type at byte 45 (tensor w)"));
  }
  EXPECT_THAT(refusal(one_tensor({256}, 4), ErrorCode::unsupported), HasSubstr("Q4_2 (removed"));
  EXPECT_THAT(refusal(one_tensor({256}, 137), ErrorCode::unsupported),
              HasSubstr("tensor type 137 is IQ2_K of ik_llama.cpp, which is not supported"));
}

TEST(GgufHostile, offsets_off_the_alignment) {
  EXPECT_EQ(
      refusal(one_tensor({1}, 24, 16)),
      "m.gguf: the data offset 16 is not a multiple of the alignment 32 at byte 49 (tensor w)");
}

TEST(GgufHostile, tensors_over_the_same_bytes) {
  GgufBytes same(2, 0);
  same.tensor("a", {8}, 24, 0).tensor("b", {8}, 24, 0).pad().data(64);
  EXPECT_THAT(refusal(same), HasSubstr("overlap those of another tensor"));
  GgufBytes partly(3, 0);
  partly.tensor("c", {33}, 24, 64)
      .tensor("a", {1}, 24, 0)
      .tensor("b", {33}, 24, 32)
      .pad()
      .data(128);
  EXPECT_THAT(refusal(partly), HasSubstr("overlap those of another tensor at byte 192 (tensor c)"));
}

TEST(GgufHostile, tensor_names_are_unique_bounded_and_present) {
  GgufBytes twice(2, 0);
  twice.tensor("w", {1}, 24, 0).tensor("w", {1}, 24, 32).pad().data(64);
  EXPECT_THAT(refusal(twice), HasSubstr("a tensor name appears twice at byte 57 (tensor w)"));
  const std::string longest(kMaxTensorNameBytes, 'n');
  EXPECT_EQ(refusal(GgufBytes(1, 0).tensor(longest, {1}, 24, 0).pad().data(1)), "(accepted)");
  EXPECT_THAT(refusal(GgufBytes(1, 0).tensor(longest + "n", {1}, 24, 0).pad().data(1)),
              HasSubstr("a name of 129 bytes is longer than the 128 allowed"));
  EXPECT_THAT(refusal(GgufBytes(1, 0).tensor("", {1}, 24, 0).pad().data(1)),
              HasSubstr("a name is empty at byte 24 (tensor number 1)"));
  EXPECT_THAT(refusal(GgufBytes(1, 0).put(kMax64).data(64)), HasSubstr("(tensor number 1)"));
}

// --- Everywhere
// -----------------------------------------------------------------------------------

GgufBytes sound_file() {
  GgufBytes file(2, 8);
  file.entry("general.architecture", "llama")
      .entry("general.alignment", ValueType::u32, std::uint32_t{16})
      .entry("llama.block_count", ValueType::u64, std::uint64_t{1})
      .entry("llama.eps", ValueType::f32, 1e-5f)
      .entry("flag", ValueType::boolean, std::uint8_t{1})
      .array("tokens", ValueType::string, {std::string_view("<s>"), std::string_view("a")})
      .array("scores", ValueType::f32, {0.f, -1.f})
      .array("flags", ValueType::boolean, {std::uint8_t{0}, std::uint8_t{1}})
      .tensor("a.weight", {32, 2}, 2, 0)
      .tensor("a.bias", {3}, 0, 48)
      .pad(16)
      .data(36)
      .pad(16)
      .data(12);
  return file;
}

TEST(GgufHostile, a_file_cut_at_any_byte_is_refused) {
  const std::string whole = sound_file().bytes();
  ASSERT_TRUE(parse_bytes({whole}).gguf);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const ParsedBytes parsed = parse_bytes({whole.substr(0, size)});
    ASSERT_FALSE(parsed.gguf) << "cut at " << size;
    EXPECT_EQ(parsed.gguf.error().code, ErrorCode::integrity) << parsed.gguf.error().message;
    EXPECT_THAT(parsed.gguf.error().message, HasSubstr(" at byte "));
  }
}

TEST(GgufHostile, a_byte_changed_anywhere_never_reads_out_of_bounds) {
  const std::string whole = sound_file().bytes();
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int change : {0x01, 0x10, 0x80, 0xFF}) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ change);
      const ParsedBytes parsed = parse_bytes({bytes});
      if (parsed.gguf) sum += touch_everything(*parsed.gguf);
    }
  }
  EXPECT_GT(sum, 0u);
}

TEST(GgufHostile, a_large_number_anywhere_never_reads_out_of_bounds) {
  const std::string whole = sound_file().bytes();
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at + 8 <= whole.size(); ++at) {
    for (const std::uint64_t number : {std::uint64_t{0}, kMax64, std::uint64_t{1} << 63,
                                       std::uint64_t{1} << 32, std::uint64_t{whole.size()}}) {
      std::string bytes = whole;
      std::memcpy(bytes.data() + at, &number, sizeof number);
      const ParsedBytes parsed = parse_bytes({bytes});
      if (parsed.gguf) sum += touch_everything(*parsed.gguf);
    }
  }
  EXPECT_GT(sum, 0u);
}

}  // namespace
}  // namespace hearth::format
