// SPDX-License-Identifier: Apache-2.0
//
// The words that attention needs beside those of vec.h: values in blocks on their way to 16 floats.
#pragma once

#include "kernels/avx2/vec.h"

namespace hearth::kernels::avx2 {
namespace {

// kRows bfloat16.
inline Floats load_bf16_floats(const void* p) {
  return bf16_lanes(static_cast<const __m128i*>(p));
}

inline Lanes broadcast_f16(const void* p) {
  uint16_t half;
  __builtin_memcpy(&half, p, sizeof half);
  const __m256 all = _mm256_cvtph_ps(_mm_set1_epi16(static_cast<int16_t>(half)));
  return {all, all};
}
// 16 bytes, as a vector of the compiler's own.
using Bytes16 = uint8_t __attribute__((vector_size(16)));
using Words32x4 = uint32_t __attribute__((vector_size(16)));
// 16 signed bytes as floats.
inline Lanes lanes_of_bytes(Bytes16 a) {
  const auto bytes = reinterpret_cast<__m128i>(a);
  return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)),
          _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8)))};
}
// The same from memory, whose halves are loaded one by one: cheaper than shifting one down.
inline Lanes load_lanes_of_bytes(const int8_t* p) {
  const auto eight = [](const int8_t* at) {
    return _mm256_cvtepi32_ps(
        _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at))));
  };
  return {eight(p), eight(p + 8)};
}
inline Bytes16 look_up16(const int8_t table[16], Bytes16 nibbles) {
  const __m128i t = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
  return reinterpret_cast<Bytes16>(_mm_shuffle_epi8(t, reinterpret_cast<__m128i>(nibbles)));
}

}  // namespace
}  // namespace hearth::kernels::avx2
