// SPDX-License-Identifier: Apache-2.0
#include "format/tensor_type.h"

#include <gtest/gtest.h>

namespace hearth::format {
namespace {

TEST(TensorType, every_id_of_the_format_has_its_row_and_no_other_does) {
  int n_types = 0;
  for (std::uint32_t id = 0; id < 500; ++id) {
    const auto info = type_info(id);
    if (!info) continue;
    ++n_types;
    EXPECT_EQ(static_cast<std::uint32_t>(info->type), id);
    EXPECT_EQ(type_info(info->type).name, info->name);
    EXPECT_TRUE(foreign_type_name(id).empty()) << id;
    EXPECT_GT(info->block_bytes, 0u);
    EXPECT_GT(info->block_elems, 0u);
  }
  EXPECT_EQ(n_types, 35);
  EXPECT_FALSE(type_info(0xFFFFFFFFu));
}

TEST(TensorType, blocks_have_the_sizes_of_the_format) {
  const auto is = [](TensorType type, std::string_view name, std::uint32_t elems,
                     std::uint32_t bytes) {
    const TypeInfo& info = type_info(type);
    return info.name == name && info.block_elems == elems && info.block_bytes == bytes;
  };
  EXPECT_TRUE(is(TensorType::f32, "F32", 1, 4));
  EXPECT_TRUE(is(TensorType::bf16, "BF16", 1, 2));
  EXPECT_TRUE(is(TensorType::q4_0, "Q4_0", 32, 18));
  EXPECT_TRUE(is(TensorType::q8_0, "Q8_0", 32, 34));
  EXPECT_TRUE(is(TensorType::q8_1, "Q8_1", 32, 36));
  EXPECT_TRUE(is(TensorType::q4_k, "Q4_K", 256, 144));
  EXPECT_TRUE(is(TensorType::q6_k, "Q6_K", 256, 210));
  EXPECT_TRUE(is(TensorType::q8_k, "Q8_K", 256, 292));
  EXPECT_TRUE(is(TensorType::iq1_s, "IQ1_S", 256, 50));
  EXPECT_TRUE(is(TensorType::iq4_xs, "IQ4_XS", 256, 136));
  EXPECT_TRUE(is(TensorType::mxfp4, "MXFP4", 32, 17));
  EXPECT_TRUE(is(TensorType::nvfp4, "NVFP4", 64, 36));
  EXPECT_TRUE(is(TensorType::q1_0, "Q1_0", 128, 18));
}

TEST(TensorType, names_what_other_programs_write) {
  for (const std::uint32_t removed : {4u, 5u, 31u, 32u, 33u, 36u, 37u, 38u}) {
    EXPECT_NE(foreign_type_name(removed).find("removed"), std::string_view::npos) << removed;
  }
  EXPECT_EQ(foreign_type_name(137), "IQ2_K of ik_llama.cpp");
  EXPECT_TRUE(foreign_type_name(0).empty());
  EXPECT_TRUE(foreign_type_name(9999).empty());
}

}  // namespace
}  // namespace hearth::format
