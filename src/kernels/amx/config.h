// SPDX-License-Identifier: Apache-2.0
//
// The shapes of the eight tile registers, as LDTILECFG reads them (Intel SDM volume 1, chapter 18,
// palette 1): C = A B with
//     tiles 0 .. 3   C, 16 tokens x 16 weight rows of int32
//     tiles 4, 5     A, 16 tokens x depth int8 activations
//     tiles 6, 7     B, depth / 4 slices of 16 weight rows x 4 int8: a slice is a row of B
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace hearth::kernels {
namespace {

struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};
static_assert(sizeof(TileConfig) == 64);

constexpr int kA0 = 4, kA1 = 5, kB0 = 6, kB1 = 7;

// depth: 16, 32 or 64 of k in a dot.
constexpr TileConfig tile_config(size_t depth) {
  TileConfig config;
  for (int t = 0; t < 8; ++t) {
    const bool is_a = t == kA0 || t == kA1, is_b = t == kB0 || t == kB1;
    config.row_bytes[t] = is_a ? static_cast<uint16_t>(depth) : 64;
    config.rows[t] = is_b ? static_cast<uint8_t>(depth / 4) : 16;
  }
  return config;
}

}  // namespace
}  // namespace hearth::kernels
