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

inline Ints add_pairs(Ints a, Ints b) {
  return _mm256_add_epi16(a, b);
}
inline Ints multiply_16(Ints a, int16_t n) {
  return _mm256_mullo_epi16(a, _mm256_set1_epi16(n));
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

// sum + factors (sum over n slices of w . a): what fits is summed in 16 bits, and multiplied there.
template <Range range, size_t n>
inline Ints add_products_of(Ints sum, Ints factors, const Ints* w, const int8_t* a) {
  constexpr size_t kFold = short_sums(range) < n ? short_sums(range) : n;
  for (size_t i = 0; i < n; i += kFold) {
    Ints pairs = products_of(w[i], splat_word(a + 4 * i));
    for (size_t j = i + 1; j < i + kFold; ++j)
      pairs = add_products(pairs, w[j], splat_word(a + 4 * j));
    sum = in_this_order(multiply_pairs(sum, pairs, factors));
  }
  return sum;
}

template <Range range, size_t n>
inline Ints dot_slices(const Ints* w, const int8_t* a, Ints init) {
  if constexpr (range != Range::s8) {
    return add_products_of<range, n>(init, _mm256_set1_epi16(1), w, a);
  } else {
    for (size_t i = 0; i < n; ++i)
      init = add_signed_products(init, sizes_of(w[i]), w[i], splat_word(a + 4 * i));
    return init;
  }
}

}  // namespace

#include "kernels/generic/lane_bytes.inc"

namespace {

// The words of generic/scaled_dots32.inc. Scales of unsigned weights are pairs of equal 16-bit
// numbers, which widen a dot's 16-bit sums as they multiply them. Signed weights are summed in 32
// bits, and their scales are lanes.
template <size_t i>
inline Ints scale_of_byte(Ints lanes) {
  return pair_of_byte<i>(lanes);
}
template <size_t i>
inline Ints scale_of_signed_byte(Ints lanes) {
  return _mm256_srai_epi16(repeat_byte<i>(lanes), 8);
}
inline Ints scale_of(int32_t x) {
  return splat(x * 0x10001);
}

template <Range range, size_t n>
inline Ints add_scaled_dot(Ints sum, Ints scale, const Ints* w, const int8_t* a) {
  if constexpr (range != Range::s8) {
    return add_products_of<range, n>(sum, scale, w, a);
  } else {
    return add(sum, multiply(scale, dot_slices<range, n>(w, a, splat(0))));
  }
}

}  // namespace
}  // namespace hearth::kernels::avx2
