// SPDX-License-Identifier: Apache-2.0
//
// The vector words of the generic kernels for AVX2 with FMA and F16C; avx512vnni/vec.h says what
// each does. 16 lanes are two registers, low and high. The dots of weights and activations are
// apart (dot.h here, avxvnni/dot.inc), because AVX-VNNI has better ones and shares the rest.
#pragma once

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

namespace hearth::kernels::avx2 {
namespace {

// --- 16 floats -----------------------------------------------------------------------------------

struct Lanes {
  __m256 lo, hi;
};
struct Words {
  __m256i lo, hi;
};
struct Mask {
  __m256 lo, hi;
};

// Rows and tokens of a float product whose sums fit the registers.
constexpr size_t kFloatRows = 2, kFloatTokens = 3;

// Queries of attention that are taken together, and how many registers their sums may fill.
constexpr size_t kAttendQueries = 4, kAttendSums = 12;

inline Lanes zero_lanes() {
  return {_mm256_setzero_ps(), _mm256_setzero_ps()};
}
inline Lanes broadcast(float x) {
  return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
}
inline Lanes load(const float* p) {
  return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
inline __m256 f16_lanes(const __m128i* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(p));
}
inline Lanes load_f16(const void* p) {
  const auto* half = static_cast<const __m128i*>(p);
  return {f16_lanes(half), f16_lanes(half + 1)};
}
inline __m256 bf16_lanes(const __m128i* p) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(p)), 16));
}
inline Lanes load_bf16(const void* p) {
  const auto* half = static_cast<const __m128i*>(p);
  return {bf16_lanes(half), bf16_lanes(half + 1)};
}
inline void store(float* p, Lanes a) {
  _mm256_storeu_ps(p, a.lo);
  _mm256_storeu_ps(p + 8, a.hi);
}
inline Lanes operator+(Lanes a, Lanes b) {
  return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}
inline Lanes operator-(Lanes a, Lanes b) {
  return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}
inline Lanes operator*(Lanes a, Lanes b) {
  return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}
inline Lanes operator/(Lanes a, Lanes b) {
  return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
}
inline Lanes fma(Lanes a, Lanes b, Lanes c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
inline Lanes min(Lanes a, Lanes b) {
  return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)};
}
inline Lanes max(Lanes a, Lanes b) {
  return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)};
}
inline Mask less(Lanes a, Lanes b) {
  return {_mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ)};
}
inline __m256 range_of_8(__m256i lane, __m256i begin, __m256i end) {
  return _mm256_castsi256_ps(
      _mm256_andnot_si256(_mm256_cmpgt_epi32(begin, lane), _mm256_cmpgt_epi32(end, lane)));
}
inline Mask range(size_t begin, size_t end) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i b = _mm256_set1_epi32(static_cast<int>(begin));
  const __m256i e = _mm256_set1_epi32(static_cast<int>(end));
  return {range_of_8(lane, b, e), range_of_8(_mm256_add_epi32(lane, _mm256_set1_epi32(8)), b, e)};
}
inline Lanes select(Mask m, Lanes a, Lanes b) {
  return {_mm256_blendv_ps(b.lo, a.lo, m.lo), _mm256_blendv_ps(b.hi, a.hi, m.hi)};
}

inline Words as_words(Lanes a) {
  return {_mm256_castps_si256(a.lo), _mm256_castps_si256(a.hi)};
}
inline Lanes as_lanes(Words a) {
  return {_mm256_castsi256_ps(a.lo), _mm256_castsi256_ps(a.hi)};
}
inline Words broadcast_word(uint32_t x) {
  return {_mm256_set1_epi32(static_cast<int>(x)), _mm256_set1_epi32(static_cast<int>(x))};
}
inline Words operator+(Words a, Words b) {
  return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)};
}
inline Words operator-(Words a, Words b) {
  return {_mm256_sub_epi32(a.lo, b.lo), _mm256_sub_epi32(a.hi, b.hi)};
}
inline Words operator&(Words a, Words b) {
  return {_mm256_and_si256(a.lo, b.lo), _mm256_and_si256(a.hi, b.hi)};
}
inline Words operator|(Words a, Words b) {
  return {_mm256_or_si256(a.lo, b.lo), _mm256_or_si256(a.hi, b.hi)};
}
inline Words max_unsigned(Words a, Words b) {
  return {_mm256_max_epu32(a.lo, b.lo), _mm256_max_epu32(a.hi, b.hi)};
}
inline Words shift_left_23(Words a) {
  return {_mm256_slli_epi32(a.lo, 23), _mm256_slli_epi32(a.hi, 23)};
}
inline Words half_signed(Words a) {
  return {_mm256_srai_epi32(a.lo, 1), _mm256_srai_epi32(a.hi, 1)};
}
inline uint32_t max_of(Words a) {
  const __m256i m8 = _mm256_max_epu32(a.lo, a.hi);
  __m128i m = _mm_max_epu32(_mm256_castsi256_si128(m8), _mm256_extracti128_si256(m8, 1));
  m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0x4e));
  m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0xb1));
  return static_cast<uint32_t>(_mm_cvtsi128_si32(m));
}

inline float tree_sum(Lanes a) {
  const __m256 t8 = _mm256_add_ps(a.lo, a.hi);
  const __m128 t4 = _mm_add_ps(_mm256_castps256_ps128(t8), _mm256_extractf128_ps(t8, 1));
  const __m128 t2 = _mm_add_ps(t4, _mm_movehl_ps(t4, t4));
  return _mm_cvtss_f32(_mm_add_ss(t2, _mm_movehdup_ps(t2)));
}
inline float max_of(Lanes a) {
  const __m256 m8 = _mm256_max_ps(a.lo, a.hi);
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(m8), _mm256_extractf128_ps(m8, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

inline int store_rounded(int8_t* q, Lanes v) {
  const __m256i i16 = _mm256_permute4x64_epi64(
      _mm256_packs_epi32(_mm256_cvtps_epi32(v.lo), _mm256_cvtps_epi32(v.hi)), 0xd8);
  const __m128i lo = _mm256_castsi256_si128(i16), hi = _mm256_extracti128_si256(i16, 1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(q), _mm_packs_epi16(lo, hi));
  __m128i sum = _mm_madd_epi16(_mm_add_epi16(lo, hi), _mm_set1_epi16(1));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
  return _mm_cvtsi128_si32(sum);
}
inline uint16_t half_of(float x) {
  return static_cast<uint16_t>(_cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT));
}

// --- one lane for each weight row
// ------------------------------------------------------------------

constexpr size_t kRows = 8;
constexpr size_t kTokenTile = 3;
using Ints = __m256i;
using Floats = __m256;

inline Ints splat(int32_t x) {
  return _mm256_set1_epi32(x);
}
inline Ints splat_bytes(int8_t x) {
  return _mm256_set1_epi8(x);
}
inline Ints splat_word(const void* p) {
  int32_t x;
  __builtin_memcpy(&x, p, sizeof x);
  return _mm256_set1_epi32(x);
}
inline Ints load_ints(const int32_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline Ints bit_and(Ints a, Ints b) {
  return _mm256_and_si256(a, b);
}
inline Ints bit_xor(Ints a, Ints b) {
  return _mm256_xor_si256(a, b);
}
inline Ints bit_or(Ints a, Ints b) {
  return _mm256_or_si256(a, b);
}
template <int n>
inline Ints shift_right(Ints a) {
  return _mm256_srli_epi32(a, n);
}
template <int n>
inline Ints shift_left(Ints a) {
  return _mm256_slli_epi32(a, n);
}
template <int n>
inline Ints shift_right_signed(Ints a) {
  return _mm256_srai_epi32(a, n);
}
inline Ints add(Ints a, Ints b) {
  return _mm256_add_epi32(a, b);
}
inline Ints multiply(Ints a, Ints b) {
  return _mm256_mullo_epi32(a, b);
}
inline Ints multiply_halves(Ints a, Ints b) {
  return _mm256_mullo_epi16(a, b);
}
inline Ints look_up(const int8_t table[16], Ints nibbles) {
  const __m128i t = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(t), nibbles);
}
inline Ints where_set(Ints bytes, Ints bit, Ints bits) {
  return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit), bit), bits);
}
inline Ints negate_where_set(Ints bytes, Ints which, Ints bit) {
  const Ints set = _mm256_cmpeq_epi8(_mm256_and_si256(which, bit), bit);
  return _mm256_sub_epi8(_mm256_xor_si256(bytes, set), set);
}
inline Ints gather_words(const void* table, Ints index) {
  return _mm256_i32gather_epi32(static_cast<const int*>(table), index, 4);
}
inline Ints load_bytes(const void* p) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p)));
}
template <int n>
inline Ints repeat_byte(Ints a) {
  return _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(_mm_set_epi32(
                                    0x0c0c0c0c + 0x01010101 * n, 0x08080808 + 0x01010101 * n,
                                    0x04040404 + 0x01010101 * n, 0x01010101 * n)));
}

inline Floats zero_floats() {
  return _mm256_setzero_ps();
}
inline Floats of_bits(Ints a) {
  return _mm256_castsi256_ps(a);
}
inline Floats splat(float x) {
  return _mm256_set1_ps(x);
}
inline Floats load_floats(const float* p) {
  return _mm256_loadu_ps(p);
}
inline void store_floats(float* p, Floats a) {
  _mm256_storeu_ps(p, a);
}
inline Floats to_float(Ints a) {
  return _mm256_cvtepi32_ps(a);
}
inline Floats multiply(Floats a, Floats b) {
  return _mm256_mul_ps(a, b);
}
inline Floats fma(Floats a, Floats b, Floats c) {
  return _mm256_fmadd_ps(a, b, c);
}
inline Floats fma_negated(Floats a, Floats b, Floats c) {
  return _mm256_fnmadd_ps(a, b, c);
}
inline Floats low_half(Ints a) {
  const Ints low = _mm256_and_si256(a, splat(0xffff));
  const Ints packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(low, low), 0xd8);
  return _mm256_cvtph_ps(_mm256_castsi256_si128(packed));
}
inline Floats high_half(Ints a) {
  return low_half(shift_right<16>(a));
}

inline Floats load_halves(const void* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}

// How large the unsigned weight bytes of a type can be, or that they are signed.
enum class Range { u4, u5, u6, s8 };

inline Ints subtract_bytes(Ints a, Ints b) {
  return _mm256_sub_epi8(a, b);
}

}  // namespace
}  // namespace hearth::kernels::avx2
