// SPDX-License-Identifier: Apache-2.0
//
// The intrinsics of AVX-512 that the avx512vnni and amx sources use, in two halves of AVX2, so that
// these sources are tested on machines without AVX-512. Included before all else (CMakeLists.txt):
// a name of the namespace hides the compiler's intrinsic of that name.
#pragma once

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/emulated/vnni.h"

// Some are macros, depending on the compiler.
#undef _mm512_cmp_ps_mask
#undef _mm512_extractf32x8_ps
#undef _mm512_i32gather_epi32
#undef _mm512_slli_epi16
#undef _mm512_slli_epi32
#undef _mm512_srai_epi16
#undef _mm512_srai_epi32
#undef _mm512_srli_epi32

namespace hearth::kernels::avx512vnni {
namespace {

struct IntHalves {
  __m256i low, high;
};
struct FloatHalves {
  __m256 low, high;
};
inline IntHalves halves(__m512i a) {
  IntHalves h;
  __builtin_memcpy(&h, &a, sizeof h);
  return h;
}
inline FloatHalves halves(__m512 a) {
  FloatHalves h;
  __builtin_memcpy(&h, &a, sizeof h);
  return h;
}
inline __m512i join(__m256i low, __m256i high) {
  const IntHalves h = {low, high};
  __m512i a;
  __builtin_memcpy(&a, &h, sizeof a);
  return a;
}
inline __m512 join(__m256 low, __m256 high) {
  const FloatHalves h = {low, high};
  __m512 a;
  __builtin_memcpy(&a, &h, sizeof a);
  return a;
}
inline __m128i low_half_of(__m256i a) {
  return _mm256_castsi256_si128(a);
}
inline __m128i high_half_of(__m256i a) {
  return _mm256_extracti128_si256(a, 1);
}

// --- what AVX2 does alike ------------------------------------------------------------------------

#define HEARTH_IN_HALVES(Vector, name)                                       \
  inline Vector _mm512_##name(Vector a, Vector b) {                          \
    const auto x = halves(a), y = halves(b);                                 \
    return join(_mm256_##name(x.low, y.low), _mm256_##name(x.high, y.high)); \
  }
HEARTH_IN_HALVES(__m512, add_ps)
HEARTH_IN_HALVES(__m512, sub_ps)
HEARTH_IN_HALVES(__m512, mul_ps)
HEARTH_IN_HALVES(__m512, div_ps)
HEARTH_IN_HALVES(__m512, min_ps)
HEARTH_IN_HALVES(__m512, max_ps)
HEARTH_IN_HALVES(__m512i, add_epi32)
HEARTH_IN_HALVES(__m512i, sub_epi32)
HEARTH_IN_HALVES(__m512i, sub_epi8)
HEARTH_IN_HALVES(__m512i, mullo_epi16)
HEARTH_IN_HALVES(__m512i, mullo_epi32)
HEARTH_IN_HALVES(__m512i, max_epu32)
HEARTH_IN_HALVES(__m512i, shuffle_epi8)
#undef HEARTH_IN_HALVES

#define HEARTH_SHIFT(name)                                                          \
  inline __m512i _mm512_##name(__m512i a, int n) {                                  \
    return join(_mm256_##name(halves(a).low, n), _mm256_##name(halves(a).high, n)); \
  }
HEARTH_SHIFT(slli_epi16)
HEARTH_SHIFT(slli_epi32)
HEARTH_SHIFT(srai_epi16)
HEARTH_SHIFT(srai_epi32)
HEARTH_SHIFT(srli_epi32)
#undef HEARTH_SHIFT

#define HEARTH_FUSED(name)                                                                  \
  inline __m512 _mm512_##name(__m512 a, __m512 b, __m512 c) {                               \
    const FloatHalves x = halves(a), y = halves(b), z = halves(c);                          \
    return join(_mm256_##name(x.low, y.low, z.low), _mm256_##name(x.high, y.high, z.high)); \
  }
HEARTH_FUSED(fmadd_ps)
HEARTH_FUSED(fnmadd_ps)
#undef HEARTH_FUSED

inline __m512i _mm512_and_si512(__m512i a, __m512i b) {
  return a & b;
}
inline __m512i _mm512_or_si512(__m512i a, __m512i b) {
  return a | b;
}
inline __m512i _mm512_xor_si512(__m512i a, __m512i b) {
  return a ^ b;
}

// --- memory and constants ------------------------------------------------------------------------

inline __m512 _mm512_loadu_ps(const void* p) {
  __m512 a;
  __builtin_memcpy(&a, p, sizeof a);
  return a;
}
inline __m512i _mm512_loadu_si512(const void* p) {
  __m512i a;
  __builtin_memcpy(&a, p, sizeof a);
  return a;
}
inline void _mm512_storeu_ps(void* p, __m512 a) {
  __builtin_memcpy(p, &a, sizeof a);
}
// Traps where the instruction would: at an address that is no multiple of 64.
inline void _mm512_store_si512(void* p, __m512i a) {
  if (reinterpret_cast<uintptr_t>(p) % 64 != 0) __builtin_trap();
  __builtin_memcpy(p, &a, sizeof a);
}
inline __m512i _mm512_i32gather_epi32(__m512i index, const void* p, int scale) {
  int32_t at[16], got[16];
  __builtin_memcpy(at, &index, sizeof at);
  for (size_t i = 0; i < 16; ++i)
    __builtin_memcpy(&got[i], static_cast<const char*>(p) + ptrdiff_t{at[i]} * scale, 4);
  return _mm512_loadu_si512(got);
}
inline __m512i _mm512_set1_epi32(int32_t x) {
  return join(_mm256_set1_epi32(x), _mm256_set1_epi32(x));
}
inline __m512i _mm512_set1_epi8(int8_t x) {
  return join(_mm256_set1_epi8(x), _mm256_set1_epi8(x));
}
inline __m512 _mm512_set1_ps(float x) {
  return join(_mm256_set1_ps(x), _mm256_set1_ps(x));
}
inline __m512i _mm512_setzero_si512() {
  return _mm512_set1_epi32(0);
}
inline __m512 _mm512_setzero_ps() {
  return _mm512_set1_ps(0);
}
inline __m512i _mm512_broadcast_i32x4(__m128i a) {
  return join(_mm256_broadcastsi128_si256(a), _mm256_broadcastsi128_si256(a));
}

// --- conversions ---------------------------------------------------------------------------------

inline __m512i _mm512_castps_si512(__m512 a) {
  return reinterpret_cast<__m512i>(a);
}
inline __m512 _mm512_castsi512_ps(__m512i a) {
  return reinterpret_cast<__m512>(a);
}
inline __m256 _mm512_castps512_ps256(__m512 a) {
  return halves(a).low;
}
inline __m256 _mm512_extractf32x8_ps(__m512 a, int half) {
  return half == 0 ? halves(a).low : halves(a).high;
}
inline __m512 _mm512_cvtepi32_ps(__m512i a) {
  return join(_mm256_cvtepi32_ps(halves(a).low), _mm256_cvtepi32_ps(halves(a).high));
}
inline __m512i _mm512_cvtps_epi32(__m512 a) {
  return join(_mm256_cvtps_epi32(halves(a).low), _mm256_cvtps_epi32(halves(a).high));
}
inline __m512 _mm512_cvtph_ps(__m256i a) {
  return join(_mm256_cvtph_ps(low_half_of(a)), _mm256_cvtph_ps(high_half_of(a)));
}
inline __m512i _mm512_cvtepu16_epi32(__m256i a) {
  return join(_mm256_cvtepu16_epi32(low_half_of(a)), _mm256_cvtepu16_epi32(high_half_of(a)));
}
inline __m512i _mm512_cvtepi8_epi32(__m128i a) {
  return join(_mm256_cvtepi8_epi32(a), _mm256_cvtepi8_epi32(_mm_srli_si128(a, 8)));
}
inline __m512i _mm512_cvtepu8_epi32(__m128i a) {
  return join(_mm256_cvtepu8_epi32(a), _mm256_cvtepu8_epi32(_mm_srli_si128(a, 8)));
}
// The low bits of each lane.
template <class Lane, class Vector>
inline Vector narrow(__m512i a) {
  int32_t from[16];
  Lane to[16];
  static_assert(sizeof to == sizeof(Vector));
  __builtin_memcpy(from, &a, sizeof from);
  for (size_t i = 0; i < 16; ++i) to[i] = static_cast<Lane>(from[i]);
  Vector out;
  __builtin_memcpy(&out, to, sizeof out);
  return out;
}
inline __m256i _mm512_cvtepi32_epi16(__m512i a) {
  return narrow<int16_t, __m256i>(a);
}
inline __m128i _mm512_cvtepi32_epi8(__m512i a) {
  return narrow<int8_t, __m128i>(a);
}

// --- sums and masks ------------------------------------------------------------------------------

inline int _mm512_reduce_add_epi32(__m512i a) {
  int32_t lane[16];
  __builtin_memcpy(lane, &a, sizeof lane);
  uint32_t sum = 0;
  for (int32_t x : lane) sum += static_cast<uint32_t>(x);
  return static_cast<int32_t>(sum);
}
inline unsigned _mm512_reduce_max_epu32(__m512i a) {
  uint32_t lane[16], most = 0;
  __builtin_memcpy(lane, &a, sizeof lane);
  for (uint32_t x : lane) most = x > most ? x : most;
  return most;
}
inline float _mm512_reduce_max_ps(__m512 a) {
  const __m256 of8 = _mm256_max_ps(halves(a).high, halves(a).low);
  const __m128 of4 = _mm_max_ps(_mm256_extractf128_ps(of8, 1), _mm256_castps256_ps128(of8));
  const __m128 of2 = _mm_max_ps(of4, _mm_movehl_ps(of4, of4));
  return _mm_cvtss_f32(_mm_max_ss(of2, _mm_movehdup_ps(of2)));
}
inline __m512i _mm512_dpbusd_epi32(__m512i acc, __m512i a, __m512i b) {
  const IntHalves s = halves(acc), x = halves(a), y = halves(b);
  return join(dot_bytes(s.low, x.low, y.low), dot_bytes(s.high, x.high, y.high));
}
inline __m512i _mm512_dpwssd_epi32(__m512i acc, __m512i a, __m512i b) {
  const IntHalves s = halves(acc), x = halves(a), y = halves(b);
  return join(dot_pairs(s.low, x.low, y.low), dot_pairs(s.high, x.high, y.high));
}

template <int comparison>
__mmask16 compare(__m512 a, __m512 b) {
  const FloatHalves x = halves(a), y = halves(b);
  const int low = _mm256_movemask_ps(_mm256_cmp_ps(x.low, y.low, comparison));
  const int high = _mm256_movemask_ps(_mm256_cmp_ps(x.high, y.high, comparison));
  return static_cast<__mmask16>(low | high << 8);
}
#define _mm512_cmp_ps_mask(a, b, comparison) compare<comparison>(a, b)
inline __m512 _mm512_mask_blend_ps(__mmask16 which, __m512 a, __m512 b) {
  float x[16], y[16];
  __builtin_memcpy(x, &a, sizeof x);
  __builtin_memcpy(y, &b, sizeof y);
  for (size_t i = 0; i < 16; ++i) x[i] = (which >> i & 1) != 0 ? y[i] : x[i];
  return _mm512_loadu_ps(x);
}
inline __mmask64 _mm512_test_epi8_mask(__m512i a, __m512i b) {
  const IntHalves both = halves(a & b);
  const __m256i zero = _mm256_setzero_si256();
  const auto low = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(both.low, zero)));
  const auto high = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(both.high, zero)));
  return ~(uint64_t{high} << 32 | low);
}
inline __m512i _mm512_mask_mov_epi8(__m512i a, __mmask64 which, __m512i b) {
  uint8_t x[64], y[64];
  __builtin_memcpy(x, &a, sizeof x);
  __builtin_memcpy(y, &b, sizeof y);
  for (size_t i = 0; i < 64; ++i) x[i] = (which >> i & 1) != 0 ? y[i] : x[i];
  return _mm512_loadu_si512(x);
}
inline __m512i _mm512_maskz_mov_epi8(__mmask64 which, __m512i a) {
  return _mm512_mask_mov_epi8(_mm512_setzero_si512(), which, a);
}
inline __m512i _mm512_mask_sub_epi8(__m512i otherwise, __mmask64 which, __m512i a, __m512i b) {
  return _mm512_mask_mov_epi8(otherwise, which, _mm512_sub_epi8(a, b));
}

}  // namespace
}  // namespace hearth::kernels::avx512vnni
