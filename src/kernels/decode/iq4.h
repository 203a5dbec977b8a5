// SPDX-License-Identifier: Apache-2.0
//
// Decoders of the non-linear 4-bit types: a nibble picks one of 16 levels, finer around zero.
#pragma once

#include "kernels/decode/form.h"

namespace hearth::kernels {
namespace {

constexpr int8_t kIq4Levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                   1,    13,   25,  38,  53,  69,  89,  113};

struct DecodeIQ4_NL {
  using Block = BlockIQ4_NL;
  static constexpr size_t kElems = 32;
  static constexpr bool kHasMin = false, kHalves = false;
  static void group(const Block& b, size_t, GroupOf32* out) {
    for (size_t j = 0; j < 16; ++j) {
      out->q[j] = kIq4Levels[b.qs[j] & 15];
      out->q[j + 16] = kIq4Levels[b.qs[j] >> 4];
    }
    out->d[0] = out->d[1] = f16_to_f32(b.d);
  }
};

// Integer form: q = level, scale = 6-bit scale - 32.
struct DecodeIQ4_XS {
  using Block = BlockIQ4_XS;
  static constexpr bool kHasMin = false;
  static void block(const Block& b, SuperBlock* out) {
    const uint32_t high = word(b.scales_high);
    for (size_t g = 0; g < 8; ++g) {
      const int low = b.scales_low[g / 2] >> (g % 2 * 4) & 15;
      fill_scale(out, g, (low | static_cast<int>(high >> (2 * g) & 3) << 4) - 32);
      for (size_t j = 0; j < 16; ++j) {
        out->q[32 * g + j] = kIq4Levels[b.qs[16 * g + j] & 15];
        out->q[32 * g + j + 16] = kIq4Levels[b.qs[16 * g + j] >> 4];
      }
    }
    out->d = f16_to_f32(b.d);
  }
};

}  // namespace
}  // namespace hearth::kernels
