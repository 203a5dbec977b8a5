// SPDX-License-Identifier: Apache-2.0
//
// Decoders of the K-quants. Their group scales and mins are small integers already.
//
// Q4_K and Q5_K pack eight 6-bit scales s and mins m into 12 bytes c (bit pairs "ee" go with byte
// e):
//     c[0..3] = e4 s0 .. e7 s3   c[4..7] = f4 m0 .. f7 m3   c[8..11] = nibbles m4|s4 .. m7|s7
// where s4 = e4 << 4 | low nibble, m4 = f4 << 4 | high nibble.
// Q3_K packs sixteen: low nibbles in c[0..7] (low nibble = group i, high = group i + 8), the upper
// two bits of group i at bits 2 (i / 4) of c[8 + i % 4].
#pragma once

#include "kernels/decode/form.h"

namespace hearth::kernels {
namespace {

inline void unpack_scales_and_mins(const uint8_t c[12], SuperBlock* out) {
  for (size_t g = 0; g < 8; ++g) {
    int scale, min;
    if (g < 4) {
      scale = c[g] & 63;
      min = c[g + 4] & 63;
    } else {
      scale = (c[g + 4] & 15) | (c[g - 4] >> 6) << 4;
      min = c[g + 4] >> 4 | (c[g] >> 6) << 4;
    }
    fill_scale(out, g, scale);
    out->min[2 * g] = out->min[2 * g + 1] = static_cast<uint8_t>(min);
  }
}

struct DecodeQ2_K {
  using Block = BlockQ2_K;
  static constexpr bool kHasMin = true;
  static void block(const Block& b, SuperBlock* out) {
    for (size_t e = 0; e < 256; ++e) {
      out->q[e] = static_cast<int8_t>(b.qs[e / 128 * 32 + e % 32] >> (e / 32 % 4 * 2) & 3);
    }
    for (size_t g = 0; g < 16; ++g) {
      out->scale[g] = static_cast<int8_t>(b.scales[g] & 15);
      out->min[g] = b.scales[g] >> 4;
    }
    out->d = f16_to_f32(b.d);
    out->dmin = f16_to_f32(b.dmin);
  }
};

struct DecodeQ3_K {
  using Block = BlockQ3_K;
  static constexpr bool kHasMin = false;
  static void block(const Block& b, SuperBlock* out) {
    for (size_t e = 0; e < 256; ++e) {
      const int low = b.qs[e / 128 * 32 + e % 32] >> (e / 32 % 4 * 2) & 3;
      const int high = b.hmask[e % 32] >> e / 32 & 1;
      out->q[e] = static_cast<int8_t>((low | high << 2) - 4);
    }
    for (size_t g = 0; g < 16; ++g) {
      const int low = b.scales[g % 8] >> g / 8 * 4 & 15;
      const int high = b.scales[8 + g % 4] >> g / 4 * 2 & 3;
      out->scale[g] = static_cast<int8_t>((low | high << 4) - 32);
    }
    out->d = f16_to_f32(b.d);
  }
};

struct DecodeQ4_K {
  using Block = BlockQ4_K;
  static constexpr bool kHasMin = true;
  static void block(const Block& b, SuperBlock* out) {
    for (size_t run = 0; run < 4; ++run) {
      for (size_t l = 0; l < 32; ++l) {
        out->q[64 * run + l] = static_cast<int8_t>(b.qs[32 * run + l] & 15);
        out->q[64 * run + 32 + l] = static_cast<int8_t>(b.qs[32 * run + l] >> 4);
      }
    }
    unpack_scales_and_mins(b.scales, out);
    out->d = f16_to_f32(b.d);
    out->dmin = f16_to_f32(b.dmin);
  }
};

struct DecodeQ5_K {
  using Block = BlockQ5_K;
  static constexpr bool kHasMin = true;
  static void block(const Block& b, SuperBlock* out) {
    for (size_t g = 0; g < 8; ++g) {
      for (size_t l = 0; l < 32; ++l) {
        const int low = b.qs[g / 2 * 32 + l] >> g % 2 * 4 & 15;
        const int high = b.qh[l] >> g & 1;
        out->q[32 * g + l] = static_cast<int8_t>(low | high << 4);
      }
    }
    unpack_scales_and_mins(b.scales, out);
    out->d = f16_to_f32(b.d);
    out->dmin = f16_to_f32(b.dmin);
  }
};

struct DecodeQ6_K {
  using Block = BlockQ6_K;
  static constexpr bool kHasMin = false;
  static void block(const Block& b, SuperBlock* out) {
    for (size_t e = 0; e < 256; ++e) {
      const size_t half = e / 128, s = e / 32 % 4, l = e % 32;
      const int low = b.ql[64 * half + 32 * (s & 1) + l] >> s / 2 * 4 & 15;
      const int high = b.qh[32 * half + l] >> 2 * s & 3;
      out->q[e] = static_cast<int8_t>((low | high << 4) - 32);
    }
    for (size_t g = 0; g < 16; ++g) out->scale[g] = b.scales[g];
    out->d = f16_to_f32(b.d);
  }
};

}  // namespace
}  // namespace hearth::kernels
