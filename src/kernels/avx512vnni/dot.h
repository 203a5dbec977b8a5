// SPDX-License-Identifier: Apache-2.0
//
// Dots of 4 weights and 4 activations in each lane with AVX-512 VNNI, whose sums have 32 bits.
#pragma once

#include "kernels/avx512vnni/vec.h"

namespace hearth::kernels::avx512vnni {
namespace {

// vpdpbusd takes unsigned weights: signed ones are shifted by 128, and the dot corrected by the sum
// of the activations, which rides in the accumulator's first value.
constexpr int kSignedOffset = 128;
inline Ints signed_weights(Ints w) {
  return _mm512_xor_si512(w, splat_bytes(-128));
}

// acc + a . w in each lane, over 4 unsigned activations and 4 signed weights.
inline Ints dot_unsigned(Ints acc, Ints a, Ints w) {
#ifdef __AVX512VNNI__
  asm("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(a), "v"(w));
  return acc;
#else  // emulated/avx512.h
  return _mm512_dpbusd_epi32(acc, a, w);
#endif
}
// init + sum over n slices of w . a in each row; a = 4 n activations.
template <Range range, size_t n>
inline Ints dot_slices(const Ints* w, const int8_t* a, Ints init) {
  Ints even = init, odd = _mm512_setzero_si512();
  for (size_t i = 0; i < n; i += 2) {
    even = _mm512_dpbusd_epi32(even, w[i], splat_word(a + 4 * i));
    odd = _mm512_dpbusd_epi32(odd, w[i + 1], splat_word(a + 4 * i + 4));
  }
  return _mm512_add_epi32(even, odd);
}

}  // namespace

#include "kernels/generic/scaled_dots32.inc"

}  // namespace hearth::kernels::avx512vnni
