// SPDX-License-Identifier: Apache-2.0
//
// Decoders of the 3-bit code-book types. IQ3_XXS: w = d (1/2 + s) / 2 * (+-grid) becomes scale = 2
// s + 1, q = +-grid (<= 62) and d / 4, exact. IQ3_S states w = d (2 s + 1) * (+-grid) directly.
#pragma once

#include "kernels/decode/iq2.h"

namespace hearth::kernels {
namespace {

struct DecodeIQ3_XXS {
  using Block = BlockIQ3_XXS;
  static constexpr bool kHasMin = false;
  static void block(const Block& b, SuperBlock* out) {
    for (size_t g = 0; g < 8; ++g) {
      const uint32_t packed = word(b.signs_and_scale[g]);
      for (size_t i = 0; i < 4; ++i) {
        const uint32_t signs = with_parity(packed >> 7 * i & 127);
        const size_t run = 8 * g + 2 * i;
        signed_run(kIq3XxsGrid[b.qs[run]], 4, signs, out->q + 4 * run);
        signed_run(kIq3XxsGrid[b.qs[run + 1]], 4, signs >> 4, out->q + 4 * run + 4);
      }
      fill_scale(out, g, odd_scale(static_cast<int>(packed >> 28)));
    }
    out->d = f16_to_f32(b.d) * 0.25f;
  }
};

struct DecodeIQ3_S {
  using Block = BlockIQ3_S;
  static constexpr bool kHasMin = false;
  static void block(const Block& b, SuperBlock* out) {
    for (size_t run = 0; run < 64; ++run) {
      const size_t index = b.qs[run] | static_cast<size_t>(b.qh[run / 8] >> run % 8 & 1) << 8;
      const uint32_t signs = static_cast<uint32_t>(b.signs[run / 2]) >> run % 2 * 4;
      signed_run(kIq3SGrid[index], 4, signs, out->q + 4 * run);
    }
    for (size_t g = 0; g < 8; ++g) fill_scale(out, g, odd_scale(b.scales[g / 2] >> g % 2 * 4 & 15));
    out->d = f16_to_f32(b.d);
  }
};

}  // namespace
}  // namespace hearth::kernels
