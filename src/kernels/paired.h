// SPDX-License-Identifier: Apache-2.0
//
// Activations as the products of AArch64 with many tokens read them: two tokens side by side,
// [block of 256][pair of tokens], and with them all else that 256 k of a token bring to a product.
// A register of 16 bytes is 8 k of a pair: smmla multiplies it as it is, and sdot takes each of its
// four words as a lane. A last token without a partner lies alone, in half the space, so that n
// tokens take n halves: blocked_bytes() holds here too.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

namespace hearth::kernels {
namespace {

constexpr size_t kBlock = 256;
constexpr size_t kTokenBytes = 320;  // of a block

// A block of n tokens in the form q8_32, n being 2 or 1. A last block may be shorter.
template <size_t n>
struct alignas(64) Paired32 {
  static constexpr size_t kTokens = n;
  int8_t a[kBlock / 8][n][8];
  float scale[8][n];  // of 32 activations
  float sum[8][n];    // of 32 quants
};

// And in the form q8_256. Sums are split, 128 high + low, low >= 0, so that they can be multiplied
// as bytes are.
template <size_t n>
struct alignas(64) Paired256 {
  static constexpr size_t kTokens = n;
  int8_t a[kBlock / 8][n][8];
  int8_t high16[2][n][8], low16[2][n][8];  // of 16 quants
  int8_t high32[1][n][8], low32[1][n][8];  // of 32 quants
  float scale[n];
};

static_assert(sizeof(Paired32<2>) == 2 * kTokenBytes && sizeof(Paired32<1>) == kTokenBytes);
static_assert(sizeof(Paired256<2>) == 2 * kTokenBytes && sizeof(Paired256<1>) == kTokenBytes);

// Token t of a pair := a token that lay alone.
inline void put_token(const Paired32<1>& from, size_t t, Paired32<2>* to) {
  for (size_t i = 0; i < kBlock / 8; ++i) __builtin_memcpy(to->a[i][t], from.a[i][0], 8);
  for (size_t g = 0; g < 8; ++g) {
    to->scale[g][t] = from.scale[g][0];
    to->sum[g][t] = from.sum[g][0];
  }
}
inline void put_token(const Paired256<1>& from, size_t t, Paired256<2>* to) {
  for (size_t i = 0; i < kBlock / 8; ++i) __builtin_memcpy(to->a[i][t], from.a[i][0], 8);
  for (size_t i = 0; i < 2; ++i) {
    __builtin_memcpy(to->high16[i][t], from.high16[i][0], 8);
    __builtin_memcpy(to->low16[i][t], from.low16[i][0], 8);
  }
  __builtin_memcpy(to->high32[0][t], from.high32[0][0], 8);
  __builtin_memcpy(to->low32[0][t], from.low32[0][0], 8);
  to->scale[t] = from.scale[0];
}

}  // namespace

// Kernels::block_activations of the tables that use these forms. Threads may write the two tokens
// of a pair at once.
void pair_activations(const QuantizedActivations& from, ActivationForm form, size_t k,
                      size_t n_tokens, size_t token_begin, size_t token_end, void* to);

}  // namespace hearth::kernels
