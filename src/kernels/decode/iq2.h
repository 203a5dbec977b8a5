// SPDX-License-Identifier: Apache-2.0
//
// Decoders of the 2-bit code-book types. The format states w = d (1/2 + s) / 4 * (+-grid); we take
//     scale = 2 s + 1 (integer, <= 31),  q = +-grid (<= 43),  d / 8 (exact: a power of two)
// which is the same real number and keeps the block's sum an exact integer.
#pragma once

#include "kernels/decode/form.h"
#include "kernels/decode/iq_grids.h"

namespace hearth::kernels {
namespace {

// Seven sign bits are stored; the eighth makes their number even.
inline uint32_t with_parity(uint32_t seven) {
  return seven | static_cast<uint32_t>(__builtin_parity(seven)) << 7;
}

// q = grid with the signs of the low n bits, n = 8 or 4, all bytes at once: a set bit becomes a
// byte of ones (mask) whose lowest bit (one) completes the two's complement. No byte carries into
// the next, since grids are positive.
inline void signed_run(const int8_t* grid, size_t n, uint32_t signs, int8_t* q) {
  constexpr uint64_t kOnes = 0x0101010101010101u;
  const uint64_t bit = (signs & 255u) * kOnes & 0x8040201008040201u;
  const uint64_t one = (bit + 0x7f * kOnes) >> 7 & kOnes;
  const uint64_t mask = one * 255;
  uint64_t run = 0;
  __builtin_memcpy(&run, grid, n);
  run = (run ^ mask) + one;
  __builtin_memcpy(q, &run, n);
}

inline int odd_scale(int s) {
  return 2 * s + 1;
}

struct DecodeIQ2_XXS {
  using Block = BlockIQ2_XXS;
  static constexpr bool kHasMin = false;
  static void block(const Block& b, SuperBlock* out) {
    for (size_t g = 0; g < 8; ++g) {
      const uint32_t packed = word(b.groups[g].signs_and_scale);
      for (size_t i = 0; i < 4; ++i) {
        signed_run(kIq2XxsGrid[b.groups[g].index[i]], 8, with_parity(packed >> 7 * i & 127),
                   out->q + 32 * g + 8 * i);
      }
      fill_scale(out, g, odd_scale(static_cast<int>(packed >> 28)));
    }
    out->d = f16_to_f32(b.d) * 0.125f;
  }
};

struct DecodeIQ2_XS {
  using Block = BlockIQ2_XS;
  static constexpr bool kHasMin = false;
  static void block(const Block& b, SuperBlock* out) {
    for (size_t i = 0; i < 32; ++i) {
      const uint32_t packed = word(b.qs[i]);
      signed_run(kIq2XsGrid[packed & 511], 8, with_parity(packed >> 9), out->q + 8 * i);
    }
    for (size_t g = 0; g < 16; ++g) {
      out->scale[g] = static_cast<int8_t>(odd_scale(b.scales[g / 2] >> g % 2 * 4 & 15));
    }
    out->d = f16_to_f32(b.d) * 0.125f;
  }
};

struct DecodeIQ2_S {
  using Block = BlockIQ2_S;
  static constexpr bool kHasMin = false;
  static void block(const Block& b, SuperBlock* out) {
    for (size_t i = 0; i < 32; ++i) {
      const size_t index = b.qs[i] | static_cast<size_t>(b.qh[i / 4] >> i % 4 * 2 & 3) << 8;
      signed_run(kIq2SGrid[index], 8, b.signs[i], out->q + 8 * i);
    }
    for (size_t g = 0; g < 16; ++g) {
      out->scale[g] = static_cast<int8_t>(odd_scale(b.scales[g / 2] >> g % 2 * 4 & 15));
    }
    out->d = f16_to_f32(b.d) * 0.125f;
  }
};

}  // namespace
}  // namespace hearth::kernels
