// SPDX-License-Identifier: Apache-2.0
//
// The words that attention needs beside those of vec.h: values in blocks on their way to 16 floats.
#pragma once

#include "kernels/avx512vnni/vec.h"

namespace hearth::kernels::avx512vnni {
namespace {

// kRows bfloat16.
inline Floats load_bf16_floats(const void* p) {
  return load_bf16(p).v;
}

inline Lanes broadcast_f16(const void* p) {
  uint16_t half;
  __builtin_memcpy(&half, p, sizeof half);
  return {_mm512_cvtph_ps(_mm256_set1_epi16(static_cast<int16_t>(half)))};
}
// 16 bytes, as a vector of the compiler's own.
using Bytes16 = uint8_t __attribute__((vector_size(16)));
using Words32x4 = uint32_t __attribute__((vector_size(16)));
// 16 signed bytes as floats.
inline Lanes lanes_of_bytes(Bytes16 a) {
  return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(reinterpret_cast<__m128i>(a)))};
}
inline Lanes load_lanes_of_bytes(const int8_t* p) {
  Bytes16 a;
  __builtin_memcpy(&a, p, sizeof a);
  return lanes_of_bytes(a);
}
inline Bytes16 look_up16(const int8_t table[16], Bytes16 nibbles) {
  const __m128i t = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
  return reinterpret_cast<Bytes16>(_mm_shuffle_epi8(t, reinterpret_cast<__m128i>(nibbles)));
}

}  // namespace
}  // namespace hearth::kernels::avx512vnni
