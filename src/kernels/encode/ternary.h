// SPDX-License-Identifier: Apache-2.0
//
// Encoders of the ternary types: the largest magnitude is the scale, weights below half of it are
// 0.
#pragma once

#include "kernels/encode/round.h"

namespace hearth::kernels {
namespace {

inline void trits_of(const float* x, U16* stored_d, uint8_t trits[256]) {
  const float by = inverse(store_f16(__builtin_fabsf(largest(x, 256)), stored_d));
  for (size_t e = 0; e < 256; ++e) {
    trits[e] = static_cast<uint8_t>(nearest_in(x[e] * by, -1, 1) + 1);
  }
}

// Five base-3 digits, the first on top, as the fraction of 243 rounded up to one of 256: so that a
// multiplication by 3 modulo 256 moves the next digit to the top.
inline uint8_t base_3_byte(const uint8_t* trits, size_t stride, size_t n) {
  uint32_t number = 0;
  for (size_t i = 0; i < 5; ++i) number = 3 * number + (i < n ? trits[i * stride] : 0u);
  return static_cast<uint8_t>((number * 256 + 242) / 243);
}

struct EncodeTQ1_0 {
  using Block = BlockTQ1_0;
  static void block(const float* x, Block* out) {
    uint8_t trits[256];
    trits_of(x, &out->d, trits);
    for (size_t l = 0; l < 32; ++l) out->qs[l] = base_3_byte(trits + l, 32, 5);
    for (size_t l = 0; l < 16; ++l) out->qs[32 + l] = base_3_byte(trits + 160 + l, 16, 5);
    for (size_t l = 0; l < 4; ++l) out->qh[l] = base_3_byte(trits + 240 + l, 4, 4);
  }
};

struct EncodeTQ2_0 {
  using Block = BlockTQ2_0;
  static void block(const float* x, Block* out) {
    *out = {};
    uint8_t trits[256];
    trits_of(x, &out->d, trits);
    for (size_t e = 0; e < 256; ++e) {
      uint8_t& byte = out->qs[e / 128 * 32 + e % 32];
      byte = static_cast<uint8_t>(byte | trits[e] << e / 32 % 4 * 2);
    }
  }
};

}  // namespace
}  // namespace hearth::kernels
