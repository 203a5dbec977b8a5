// SPDX-License-Identifier: Apache-2.0
//
// Encoders of the 4-bit floats. MXFP4 takes the shared exponent of the OCP microscaling formats
// (specification 1.0, section 6.3): that of the largest weight less 2, the exponent of the largest
// code, 6; weights between 6 and 8 of that unit saturate. NVFP4 takes a sixth of the largest weight
// of 16.
#pragma once

#include "kernels/decode/fp4.h"
#include "kernels/encode/round.h"

namespace hearth::kernels {
namespace {

// The code of the nearest level for a weight in units of half a scale.
inline uint8_t e2m1_code(float doubled) {
  const float magnitude = __builtin_fabsf(doubled);
  int above = 0;
  for (size_t i = 0; i < 7; ++i) above += 2 * magnitude > kE2m1Doubled[i] + kE2m1Doubled[i + 1];
  return static_cast<uint8_t>(above | (above != 0 && doubled < 0 ? 8 : 0));
}

// The UE4M3 nearest to x >= 0, half to even; its NaN, 0x7F, beyond 448 (and what rounds to it).
inline uint8_t ue4m3_of(float x) {
  if (x < 0x1p-6f) return static_cast<uint8_t>(nearest_in(x * 0x1p9f, 0, 8));
  const uint32_t bits = bits_of(x);
  const uint32_t rounded = (bits + 0x7ffffu + (bits >> 20 & 1u)) >> 20;  // 8 exponent bits and 3
  const uint32_t code = rounded - (120u << 3);
  return static_cast<uint8_t>(code > 0x7e ? 0x7f : code);
}

struct EncodeMXFP4 {
  using Block = BlockMXFP4;
  static void block(const float* x, Block* out) {
    const uint32_t exponent = bits_of(__builtin_fabsf(largest(x, 32))) >> 23;
    out->e = static_cast<uint8_t>(exponent < 2 ? 0 : exponent - 2);
    uint8_t code[32];
    for (size_t j = 0; j < 32; ++j) code[j] = e2m1_code(x[j] / e8m0_half(out->e));
    pack_nibbles(code, out->qs);
  }
};

struct EncodeNVFP4 {
  using Block = BlockNVFP4;
  static void block(const float* x, Block* out) {
    for (size_t sub = 0; sub < 4; ++sub) {
      const float* of_sub = x + 16 * sub;
      out->d[sub] = ue4m3_of(__builtin_fabsf(largest(of_sub, 16)) / 6.0f);
      const float by = inverse(ue4m3_half(out->d[sub]));
      for (size_t j = 0; j < 8; ++j) {
        out->qs[8 * sub + j] =
            static_cast<uint8_t>(e2m1_code(of_sub[j] * by) | e2m1_code(of_sub[j + 8] * by) << 4);
      }
    }
  }
};

}  // namespace
}  // namespace hearth::kernels
