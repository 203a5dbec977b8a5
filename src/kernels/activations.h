// SPDX-License-Identifier: Apache-2.0
//
// Activations as products with quantised weights take them.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace hearth::kernels {

// Activations of n tokens quantised to int8. For each token: k quants, one scale for each group
// (the last group may be partial: it is padded with zero quants up to the group's length, so
// q_stride is a multiple of the group), and the integer sum of every 16 quants. x ~= scale[g] * q.
// scale = amax / 127, q = round-half-even(x * (127 / amax)); amax 0 gives zeros.
struct QuantizedActivations {
  const int8_t* q;      // [token][q_stride], 64-byte aligned rows
  const float* scales;  // [token][scale_stride]
  const int16_t* sums;  // [token][sum_stride], sums of 16 consecutive quants
  size_t q_stride, scale_stride, sum_stride;
  const void* blocked;  // the same once more, by Kernels::block_activations; or null
};

// From so few tokens on blocked activations pay.
inline constexpr size_t kLeastBlockedTokens = 4;

// A number of tokens for each form of activations; kNoBatch: one that no batch reaches.
struct TokensByForm {
  size_t q8_32, q8_256;
};
inline constexpr size_t kNoBatch = ~size_t{0};

// Bytes of the blocked form of n tokens; 64-byte aligned memory.
size_t blocked_bytes(size_t k, size_t n_tokens);

}  // namespace hearth::kernels
