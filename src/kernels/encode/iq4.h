// SPDX-License-Identifier: Apache-2.0
//
// Encoder of IQ4_NL: the nearest of its 16 uneven levels. The largest weight goes to -127, the
// level that reaches furthest.
#pragma once

#include "kernels/decode/iq4.h"
#include "kernels/encode/round.h"

namespace hearth::kernels {
namespace {

// 32 weights to nibbles; by is one over the group's scale.
inline void level_codes(const float* x, float by, uint8_t qs[16]) {
  uint8_t code[32];
  for (size_t j = 0; j < 32; ++j) {
    int above = 0;  // midpoints between levels that the weight lies above
    for (size_t i = 0; i < 15; ++i) above += 2 * x[j] * by > kIq4Levels[i] + kIq4Levels[i + 1];
    code[j] = static_cast<uint8_t>(above);
  }
  pack_nibbles(code, qs);
}

struct EncodeIQ4_NL {
  using Block = BlockIQ4_NL;
  static void block(const float* x, Block* out) {
    level_codes(x, inverse(store_f16(largest(x, 32) / -127.0f, &out->d)), out->qs);
  }
};

}  // namespace
}  // namespace hearth::kernels
