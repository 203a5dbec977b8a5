// SPDX-License-Identifier: Apache-2.0
#include "kernels/packed.h"

#include <gtest/gtest.h>

#include <cstring>

#include "kernels/test_weights.h"

namespace hearth::kernels {
namespace {

class PackedTypes : public testing::TestWithParam<NamedType> {};

TEST_P(PackedTypes, EveryByteComesBack) {
  const WeightType type = GetParam().type;
  std::mt19937 rng(3);
  for (const size_t n_blocks : {1, 2, 3, 4, 5}) {
    const size_t k = n_blocks * block_elems(type), row_bytes = n_blocks * block_bytes(type);
    for (const size_t n_rows : {1, 15, 16}) {
      std::vector<uint8_t> rows(n_rows * row_bytes);
      for (uint8_t& byte : rows) byte = static_cast<uint8_t>(rng());
      std::vector<uint8_t> panel(packed_panel_bytes(type, k), 0xAA);
      pack_panel(type, rows.data(), row_bytes, k, n_rows, panel.data());
      std::vector<uint8_t> back(row_bytes);
      for (size_t r = 0; r < kPanelRows; ++r) {
        unpack_row(type, panel.data(), k, r, back.data());
        const std::vector<uint8_t> want =
            r < n_rows ? std::vector<uint8_t>(
                             rows.begin() + static_cast<std::ptrdiff_t>(r * row_bytes),
                             rows.begin() + static_cast<std::ptrdiff_t>((r + 1) * row_bytes))
                       : std::vector<uint8_t>(row_bytes);
        ASSERT_EQ(back, want) << "row " << r << " of " << n_rows << ", blocks " << n_blocks;
      }
    }
  }
}

// A panel is as large as its rows, but for the line of tails that the last blocks do not fill.
TEST_P(PackedTypes, PanelsDoNotGrow) {
  const WeightType type = GetParam().type;
  for (const size_t n_blocks : {1, 2, 3, 4, 7, 8}) {
    const size_t bytes = packed_panel_bytes(type, n_blocks * block_elems(type));
    EXPECT_EQ(bytes % 64, 0u);
    EXPECT_GE(bytes, kPanelRows * n_blocks * block_bytes(type));
    EXPECT_LT(bytes, kPanelRows * n_blocks * block_bytes(type) + 64);
  }
}

std::vector<NamedType> packed_types() {
  std::vector<NamedType> types;
  for (const NamedType& named : all_types())
    if (is_packed(named.type)) types.push_back(named);
  return types;
}

INSTANTIATE_TEST_SUITE_P(AllTypes, PackedTypes, testing::ValuesIn(packed_types()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Packed, PlainFloatsStayInRows) {
  for (const WeightType type : {WeightType::f32, WeightType::f16, WeightType::bf16})
    EXPECT_FALSE(is_packed(type));
  EXPECT_EQ(packed_types().size(), all_types().size() - 3);
}

// The drawing in packed.h, by hand.
TEST(Packed, LinesAreAsDrawn) {
  std::vector<uint8_t> rows(16 * 2 * 18);
  for (size_t r = 0; r < 16; ++r)
    for (size_t i = 0; i < 36; ++i) rows[r * 36 + i] = static_cast<uint8_t>(16 * (i % 16) + r);
  std::vector<uint8_t> panel(packed_panel_bytes(WeightType::q4_0, 64));
  pack_panel(WeightType::q4_0, rows.data(), 36, 64, 16, panel.data());
  EXPECT_EQ(panel[2 * 5 + 1], rows[5 * 36 + 1]);                     // d of row 5, block 0
  EXPECT_EQ(panel[32 + 2 * 5], rows[5 * 36 + 18]);                   // d of row 5, block 1
  EXPECT_EQ(panel[64 + 2 * 64 + 4 * 7 + 3], rows[7 * 36 + 2 + 11]);  // qs[11] of row 7, block 0
  EXPECT_EQ(panel[64 + 5 * 64 + 4 * 7 + 2], rows[7 * 36 + 20 + 6]);  // qs[6] of row 7, block 1
}

// The drawing in packed_q6_k.h: the weights of a row's block as layout.h has them, in lines of one
// row.
TEST(Packed, SixBitsAreAsDrawn) {
  std::mt19937 rng(4);
  std::vector<uint8_t> block(210);
  for (uint8_t& byte : block) byte = static_cast<uint8_t>(rng());
  // Element 128 h + 32 s + l.
  const auto weight = [&](size_t h, size_t s, size_t l) {
    const int low = block[64 * h + 32 * (s & 1) + l] >> (s < 2 ? 0 : 4) & 15;
    return low | (block[128 + 32 * h + l] >> 2 * s & 3) << 4;
  };
  std::vector<uint8_t> panel(packed_panel_bytes(WeightType::q6_k, 256));
  pack_panel(WeightType::q6_k, block.data(), 210, 256, 1, panel.data());
  const auto byte_of_row = [&](size_t i) -> int { return panel[64 + i / 4 * 64 + i % 4]; };
  for (size_t g = 0; g < 16; ++g) EXPECT_EQ(byte_of_row(g), block[192 + g]);
  for (size_t h = 0; h < 2; ++h) {
    for (size_t l = 0; l < 32; ++l) {
      const int last = weight(h, 3, l);
      ASSERT_EQ(byte_of_row(16 + 96 * h + l), weight(h, 0, l) + 64 * (last % 4)) << h << ' ' << l;
      ASSERT_EQ(byte_of_row(48 + 96 * h + l), weight(h, 1, l) + 64 * (last / 4 % 4));
      ASSERT_EQ(byte_of_row(80 + 96 * h + l), weight(h, 2, l) + 64 * (last / 16));
    }
  }
  EXPECT_EQ(panel[0], block[208]);  // d
}

}  // namespace
}  // namespace hearth::kernels
