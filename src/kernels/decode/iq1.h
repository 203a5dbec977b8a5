// SPDX-License-Identifier: Apache-2.0
//
// Decoders of the 1-bit code-book types. The format states w = d (2 s + 1) (grid +- 1/8); we take
//     q = 8 grid +- 1 (one of -9 -7 -1 1 7 9),  scale = 2 s + 1,  d / 8 (exact)
// so that delta, too, lives in the exact integers.
#pragma once

#include "kernels/decode/form.h"
#include "kernels/decode/iq2.h"
#include "kernels/decode/iq_grids.h"

namespace hearth::kernels {
namespace {

inline void shifted_run(const int8_t* grid, int delta, int8_t* q) {
  for (size_t i = 0; i < 8; ++i) q[i] = static_cast<int8_t>(8 * grid[i] + delta);
}

struct DecodeIQ1_S {
  using Block = BlockIQ1_S;
  static constexpr bool kHasMin = false;
  static void block(const Block& b, SuperBlock* out) {
    for (size_t g = 0; g < 8; ++g) {
      const uint32_t high = word(b.qh[g]);
      const int delta = high & 0x8000u ? -1 : 1;
      for (size_t i = 0; i < 4; ++i) {
        const size_t index = b.qs[4 * g + i] | static_cast<size_t>(high >> 3 * i & 7) << 8;
        shifted_run(kIq1Grid[index], delta, out->q + 32 * g + 8 * i);
      }
      fill_scale(out, g, odd_scale(static_cast<int>(high >> 12 & 7)));
    }
    out->d = f16_to_f32(b.d) * 0.125f;
  }
};

struct DecodeIQ1_M {
  using Block = BlockIQ1_M;
  static constexpr bool kHasMin = false;
  static void block(const Block& b, SuperBlock* out) {
    uint32_t d = 0;
    for (size_t i = 0; i < 4; ++i) d |= word(b.scales[i]) >> 12 << 4 * i;
    for (size_t run = 0; run < 32; ++run) {
      const uint32_t high = static_cast<uint32_t>(b.qh[run / 2]) >> run % 2 * 4;
      const size_t index = b.qs[run] | static_cast<size_t>(high & 7) << 8;
      shifted_run(kIq1Grid[index], high & 8 ? -1 : 1, out->q + 8 * run);
    }
    for (size_t g = 0; g < 16; ++g) {
      const int s = static_cast<int>(word(b.scales[g / 4]) >> g % 4 * 3 & 7);
      out->scale[g] = static_cast<int8_t>(odd_scale(s));
    }
    out->d = f16_to_f32(d) * 0.125f;
  }
};

}  // namespace
}  // namespace hearth::kernels
