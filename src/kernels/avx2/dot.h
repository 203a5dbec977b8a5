// SPDX-License-Identifier: Apache-2.0
//
// Dots of 4 weights and 4 activations in each lane with AVX2, which has them in 16 bits only: two
// sums of two products in each lane. Some can be added up in 16 bits; multiplying them by 16-bit
// numbers widens them.
#pragma once

#include "kernels/avx2/vec.h"

namespace hearth::kernels::avx2 {
namespace {

constexpr int kSignedOffset = 0;
inline Ints signed_weights(Ints w) {
  return w;
}

// Tokens of a product with many, whose sums fit 16 registers.
constexpr size_t kGemmTokens = 3;

inline Ints multiply_pairs(Ints acc, Ints a, Ints b) {
  return _mm256_add_epi32(acc, _mm256_madd_epi16(a, b));
}

// vpmaddubsw adds two products in 16 signed bits and saturates, so at most this many of its results
// may be added before they are widened: |a| <= 127 gives 2 x 15 x 127 = 3810, 7874, 16002 and
// 32512.
constexpr size_t short_sums(Range range) {
  switch (range) {
    case Range::u4:
      return 8;
    case Range::u5:
      return 4;
    case Range::u6:
      return 2;
    case Range::s8:
      return 1;
  }
  return 1;
}

// Two sums of two products of unsigned a and signed w in each lane.
inline Ints products_of(Ints a, Ints w) {
  return _mm256_maddubs_epi16(a, w);
}
// g++ would reorder a chain of sums: all products first, which then do not fit the registers.
inline Ints in_this_order(Ints sum) {
  __asm__("" : "+x"(sum));
  return sum;
}
inline Ints add_products(Ints sum, Ints a, Ints w) {
  return in_this_order(_mm256_add_epi16(sum, products_of(a, w)));
}
// Signed ones, added in 32 bits: the sign of w moves to a. size = |w|, which may be 128.
inline Ints sizes_of(Ints w) {
  return _mm256_abs_epi8(w);
}
inline Ints add_signed_products(Ints sum, Ints size, Ints w, Ints a) {
  const Ints pairs = products_of(size, _mm256_sign_epi8(a, w));
  return in_this_order(multiply_pairs(sum, pairs, _mm256_set1_epi16(1)));
}

template <Range range, size_t n>
inline Ints dot_slices(const Ints* w, const int8_t* a, Ints init) {
  constexpr size_t kFold = short_sums(range) < n ? short_sums(range) : n;
  const Ints ones = _mm256_set1_epi16(1);
  Ints dot = init;
  for (size_t i = 0; i < n; i += kFold) {
    if constexpr (range == Range::s8) {
      dot = add_signed_products(dot, sizes_of(w[i]), w[i], splat_word(a + 4 * i));
    } else {
      Ints sum = products_of(w[i], splat_word(a + 4 * i));
      for (size_t j = i + 1; j < i + kFold; ++j)
        sum = add_products(sum, w[j], splat_word(a + 4 * j));
      dot = multiply_pairs(dot, sum, ones);
    }
  }
  return dot;
}

}  // namespace
}  // namespace hearth::kernels::avx2
