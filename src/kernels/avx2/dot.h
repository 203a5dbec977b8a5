// SPDX-License-Identifier: Apache-2.0
//
// Dots of 4 weights and 4 activations in each lane with AVX2, which has them in 16 bits only: two
// sums of two products in each lane ("short sums"). Some can be added up in 16 bits; multiplying
// them by 16-bit numbers widens them. avxvnni/dot.inc has the same words.
#pragma once

#include "kernels/avx2/vec.h"

namespace hearth::kernels::avx2 {
namespace {

constexpr int kSignedOffset = 0;
inline Ints signed_weights(Ints w) {
  return w;
}

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

template <Range range>
inline Ints short_sum(Ints w, Ints a) {
  // |w| may be 128, which is fine unsigned; its sign moves to the activation.
  if (range == Range::s8) return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(a, w));
  return _mm256_maddubs_epi16(w, a);
}
template <Range range>
inline Ints short_sum(Ints sum, Ints w, Ints a) {
  Ints next = _mm256_add_epi16(sum, short_sum<range>(w, a));
  // g++ would reorder a chain of sums: all products first, which then do not fit the registers.
  __asm__("" : "+x"(next));
  return next;
}

// A group's scale as add_scaled takes it; acc + scale sum.
inline Ints scale_of_sums(Ints scale) {
  return bit_or(bit_and(scale, splat(0xffff)), shift_left<16>(scale));
}
inline Ints add_scaled(Ints acc, Ints sum, Ints scale) {
  return multiply_pairs(acc, sum, scale);
}
inline Ints add_sum(Ints acc, Ints sum) {
  return multiply_pairs(acc, sum, _mm256_set1_epi16(1));
}

template <Range range, size_t n>
inline Ints dot_slices(const Ints* w, const int8_t* a, Ints init) {
  constexpr size_t kFold = short_sums(range) < n ? short_sums(range) : n;
  Ints dot = init;
  for (size_t i = 0; i < n; i += kFold) {
    Ints sum = short_sum<range>(w[i], splat_word(a + 4 * i));
    for (size_t j = i + 1; j < i + kFold; ++j)
      sum = short_sum<range>(sum, w[j], splat_word(a + 4 * j));
    dot = add_sum(dot, sum);
  }
  return dot;
}

}  // namespace
}  // namespace hearth::kernels::avx2
