// SPDX-License-Identifier: Apache-2.0
//
// What the encoders share: rounding, scales as they are stored, the largest weight of a group.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/constants.h"
#include "kernels/half.h"

namespace hearth::kernels {
namespace {

// The integer nearest to x, half to even, in [low, high]; low for a NaN.
inline int nearest_in(float x, int low, int high) {
  const auto least = static_cast<float>(low), most = static_cast<float>(high);
  const float raised = x > least ? x : least;
  const float bounded = raised < most ? raised : most;
  return static_cast<int>((bounded + kRoundMagic) - kRoundMagic);
}

// Stores a 16-bit scale and gives the value that it will decode to: quants are chosen for that one.
inline float store_f16(float x, U16* out) {
  const uint16_t half = f32_to_f16(x);
  *out = {{static_cast<uint8_t>(half), static_cast<uint8_t>(half >> 8)}};
  return f16_to_f32(half);
}

// 1 / d, or 0 where d is 0: all quants then become the one nearest to zero.
inline float inverse(float d) {
  return d == 0 ? 0.0f : 1.0f / d;
}

// The weight of the largest magnitude, with its sign.
inline float largest(const float* x, size_t n) {
  float found = 0;
  for (size_t i = 0; i < n; ++i) {
    if (__builtin_fabsf(x[i]) > __builtin_fabsf(found)) found = x[i];
  }
  return found;
}

// Bytes 0 .. 15 hold elements j (low nibble) and j + 16 (high nibble) of 32 codes.
inline void pack_nibbles(const uint8_t code[32], uint8_t qs[16]) {
  for (size_t j = 0; j < 16; ++j) {
    qs[j] = static_cast<uint8_t>((code[j] & 15) | (code[j + 16] & 15) << 4);
  }
}

}  // namespace
}  // namespace hearth::kernels
