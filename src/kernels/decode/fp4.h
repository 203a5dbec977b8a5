// SPDX-License-Identifier: Apache-2.0
//
// Decoders of the 4-bit floats of the OCP microscaling formats: sign, 2 exponent and 1 mantissa
// bit. The values are doubled to be integers, and the scale halved.
#pragma once

#include "kernels/decode/form.h"

namespace hearth::kernels {
namespace {

constexpr int8_t kE2m1Doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// 2^(e - 128): half of the E8M0 scale 2^(e - 127). e < 2 gives a subnormal float.
constexpr float e8m0_half(uint8_t e) {
  return float_of(e < 2 ? 0x00200000u << e : (static_cast<uint32_t>(e) - 1) << 23);
}

// Half of an unsigned E4M3 (bias 7). 0x7F, its NaN, counts as zero; the sign bit is ignored
// otherwise.
constexpr float ue4m3_half(uint8_t x) {
  if (x == 0 || x == 0x7f) return 0.0f;
  const uint32_t exponent = x >> 3 & 15u, fraction = x & 7u;
  if (exponent == 0) return static_cast<float>(static_cast<int>(fraction)) * 0x1p-10f;
  return static_cast<float>(static_cast<int>(8 + fraction)) * float_of((exponent + 116) << 23);
}

// The same for every byte.
struct ScaleTable {
  float of[256] = {};
};
template <float (*scale)(uint8_t)>
consteval ScaleTable table_of() {
  ScaleTable table;
  for (size_t x = 0; x < 256; ++x) table.of[x] = scale(static_cast<uint8_t>(x));
  return table;
}
constexpr ScaleTable kE8m0Half = table_of<e8m0_half>(), kUe4m3Half = table_of<ue4m3_half>();

struct DecodeMXFP4 {
  using Block = BlockMXFP4;
  static constexpr size_t kElems = 32;
  static constexpr bool kHasMin = false, kHalves = false;
  static void group(const Block& b, size_t, GroupOf32* out) {
    for (size_t j = 0; j < 16; ++j) {
      out->q[j] = kE2m1Doubled[b.qs[j] & 15];
      out->q[j + 16] = kE2m1Doubled[b.qs[j] >> 4];
    }
    out->d[0] = out->d[1] = e8m0_half(b.e);
  }
};

// The only type with a scale for each 16: both halves of a group of 32 have their own.
struct DecodeNVFP4 {
  using Block = BlockNVFP4;
  static constexpr size_t kElems = 64;
  static constexpr bool kHasMin = false, kHalves = true;
  static void group(const Block& b, size_t g, GroupOf32* out) {
    for (size_t half = 0; half < 2; ++half) {
      const size_t sub = 2 * g + half;
      for (size_t j = 0; j < 8; ++j) {
        out->q[16 * half + j] = kE2m1Doubled[b.qs[8 * sub + j] & 15];
        out->q[16 * half + j + 8] = kE2m1Doubled[b.qs[8 * sub + j] >> 4];
      }
      out->d[half] = ue4m3_half(b.d[sub]);
    }
  }
};

}  // namespace
}  // namespace hearth::kernels
