// SPDX-License-Identifier: Apache-2.0
//
// Decoders of the ternary types. Integer form: q in {-1, 0, 1} (TQ2_0's fourth code gives 2),
// scale 1.
#pragma once

#include "kernels/decode/form.h"

namespace hearth::kernels {
namespace {

// Trit n of a byte is the top base-3 digit after n multiplications by 3 modulo 256.
inline int8_t trit(uint8_t byte, uint32_t power_of_3) {
  const uint32_t rest = byte * power_of_3 & 255u;
  return static_cast<int8_t>(static_cast<int>(rest * 3 >> 8) - 1);
}

struct DecodeTQ1_0 {
  using Block = BlockTQ1_0;
  static constexpr bool kHasMin = false;
  static void block(const Block& b, SuperBlock* out) {
    constexpr uint32_t kPowers[5] = {1, 3, 9, 27, 81};
    for (size_t n = 0; n < 5; ++n) {
      for (size_t l = 0; l < 32; ++l) out->q[32 * n + l] = trit(b.qs[l], kPowers[n]);
      for (size_t l = 0; l < 16; ++l) out->q[160 + 16 * n + l] = trit(b.qs[32 + l], kPowers[n]);
    }
    for (size_t n = 0; n < 4; ++n) {
      for (size_t l = 0; l < 4; ++l) out->q[240 + 4 * n + l] = trit(b.qh[l], kPowers[n]);
    }
    for (size_t g = 0; g < 16; ++g) out->scale[g] = 1;
    out->d = f16_to_f32(b.d);
  }
};

struct DecodeTQ2_0 {
  using Block = BlockTQ2_0;
  static constexpr bool kHasMin = false;
  static void block(const Block& b, SuperBlock* out) {
    for (size_t e = 0; e < 256; ++e) {
      const int code = b.qs[e / 128 * 32 + e % 32] >> (e / 32 % 4 * 2) & 3;
      out->q[e] = static_cast<int8_t>(code - 1);
    }
    for (size_t g = 0; g < 16; ++g) out->scale[g] = 1;
    out->d = f16_to_f32(b.d);
  }
};

}  // namespace
}  // namespace hearth::kernels
