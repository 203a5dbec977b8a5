// SPDX-License-Identifier: Apache-2.0
//
// Dots of 4 weights and 4 activations in each lane with the NEON of every 64-bit ARM, which
// multiplies bytes into 16 bits only. dotprod/dot.h has the same word.
#pragma once

#include "kernels/neon/vec.h"

namespace hearth::kernels::neon {
namespace {

// Products of bytes are added in 16 bits: |a| <= 127 gives 15 x 127 = 1905, 3937, 8001 and 16256
// each.
constexpr size_t products_in_16_bits(Range range) {
  switch (range) {
    case Range::u4:
    case Range::u5:
      return 8;
    case Range::u6:
      return 4;
    case Range::s8:
      return 2;
  }
  return 1;
}

template <Range range, size_t n>
inline Ints dot_slices(const Ints* w, const int8_t* a, Ints init) {
  constexpr size_t kChain = products_in_16_bits(range) < n ? products_in_16_bits(range) : n;
  Ints sum = init;
  for (size_t i = 0; i < n; i += kChain) {
    int16x8_t rows01 = vdupq_n_s16(0), rows23 = vdupq_n_s16(0);
    for (size_t j = i; j < i + kChain; ++j) {
      const int8x16_t weights = bytes_of(w[j]), x = bytes_of(splat_word(a + 4 * j));
      rows01 = vmlal_s8(rows01, vget_low_s8(weights), vget_low_s8(x));
      rows23 = vmlal_high_s8(rows23, weights, x);
    }
    sum = vaddq_s32(sum, vpaddq_s32(vpaddlq_s16(rows01), vpaddlq_s16(rows23)));
  }
  return sum;
}

}  // namespace

#include "kernels/generic/scaled_dots32.inc"

}  // namespace hearth::kernels::neon
