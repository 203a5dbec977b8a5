// SPDX-License-Identifier: Apache-2.0
//
// The vector words of the generic kernels for AVX-512 with VNNI. Two families:
//   Lanes   16 floats, the width of every float sum (scalar/lanes.h): one register
//   Ints, Floats   one 32-bit lane for each row of a panel of kRows weight rows
#pragma once

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

namespace hearth::kernels::avx512vnni {
namespace {

// --- 16 floats -----------------------------------------------------------------------------------

struct Lanes {
  __m512 v;
};
struct Words {
  __m512i v;
};
struct Mask {
  __mmask16 v;
};

// Rows and tokens of a float product whose sums fit the registers.
constexpr size_t kFloatRows = 4, kFloatTokens = 6;

// Queries of attention that are taken together, and how many registers their sums may fill.
constexpr size_t kAttendQueries = 8, kAttendSums = 16;

inline Lanes zero_lanes() {
  return {_mm512_setzero_ps()};
}
inline Lanes broadcast(float x) {
  return {_mm512_set1_ps(x)};
}
inline Lanes load(const float* p) {
  return {_mm512_loadu_ps(p)};
}
inline Lanes load_f16(const void* p) {
  return {_mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)))};
}
inline Lanes load_bf16(const void* p) {
  const __m256i half = _mm256_loadu_si256(static_cast<const __m256i*>(p));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16))};
}
inline void store(float* p, Lanes a) {
  _mm512_storeu_ps(p, a.v);
}
inline Lanes operator+(Lanes a, Lanes b) {
  return {_mm512_add_ps(a.v, b.v)};
}
inline Lanes operator-(Lanes a, Lanes b) {
  return {_mm512_sub_ps(a.v, b.v)};
}
inline Lanes operator*(Lanes a, Lanes b) {
  return {_mm512_mul_ps(a.v, b.v)};
}
inline Lanes operator/(Lanes a, Lanes b) {
  return {_mm512_div_ps(a.v, b.v)};
}
inline Lanes fma(Lanes a, Lanes b, Lanes c) {
  return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
// a < b ? a : b and a > b ? a : b: the second operand where either is NaN.
inline Lanes min(Lanes a, Lanes b) {
  return {_mm512_min_ps(a.v, b.v)};
}
inline Lanes max(Lanes a, Lanes b) {
  return {_mm512_max_ps(a.v, b.v)};
}
inline Mask less(Lanes a, Lanes b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)};
}
// Lanes begin <= i < end, 0 <= begin <= end <= 16.
inline Mask range(size_t begin, size_t end) {
  return {static_cast<__mmask16>((0xffffu >> (16 - end)) & (0xffffu << begin))};
}
inline Lanes select(Mask m, Lanes a, Lanes b) {
  return {_mm512_mask_blend_ps(m.v, b.v, a.v)};
}

inline Words as_words(Lanes a) {
  return {_mm512_castps_si512(a.v)};
}
inline Lanes as_lanes(Words a) {
  return {_mm512_castsi512_ps(a.v)};
}
inline Words broadcast_word(uint32_t x) {
  return {_mm512_set1_epi32(static_cast<int>(x))};
}
inline Words operator+(Words a, Words b) {
  return {_mm512_add_epi32(a.v, b.v)};
}
inline Words operator-(Words a, Words b) {
  return {_mm512_sub_epi32(a.v, b.v)};
}
inline Words operator&(Words a, Words b) {
  return {_mm512_and_si512(a.v, b.v)};
}
inline Words operator|(Words a, Words b) {
  return {_mm512_or_si512(a.v, b.v)};
}
inline Words max_unsigned(Words a, Words b) {
  return {_mm512_max_epu32(a.v, b.v)};
}
inline Words shift_left_23(Words a) {
  return {_mm512_slli_epi32(a.v, 23)};
}
inline Words half_signed(Words a) {
  return {_mm512_srai_epi32(a.v, 1)};
}
inline uint32_t max_of(Words a) {
  return _mm512_reduce_max_epu32(a.v);
}

inline float tree_sum(Lanes a) {
  const __m256 t8 = _mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
  const __m128 t4 = _mm_add_ps(_mm256_castps256_ps128(t8), _mm256_extractf128_ps(t8, 1));
  const __m128 t2 = _mm_add_ps(t4, _mm_movehl_ps(t4, t4));
  return _mm_cvtss_f32(_mm_add_ss(t2, _mm_movehdup_ps(t2)));
}
inline float max_of(Lanes a) {
  return _mm512_reduce_max_ps(a.v);
}

// Rounds |v| < 2^15 half to even, stores 16 bytes and returns their sum.
inline int store_rounded(int8_t* q, Lanes v) {
  const __m512i i = _mm512_cvtps_epi32(v.v);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(q), _mm512_cvtepi32_epi8(i));
  return _mm512_reduce_add_epi32(i);
}
inline uint16_t half_of(float x) {
  return static_cast<uint16_t>(_cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT));
}

// --- one lane for each weight row
// ------------------------------------------------------------------

constexpr size_t kRows = 16;
// Tokens at once of a product with few, and with many: 12 dots and 12 sums are 24 of 32 registers.
constexpr size_t kTokenTile = 3, kGemmTokens = 6;
using Ints = __m512i;
using Floats = __m512;

inline Ints splat(int32_t x) {
  return _mm512_set1_epi32(x);
}
inline Ints splat_bytes(int8_t x) {
  return _mm512_set1_epi8(x);
}
inline Ints splat_word(const void* p) {
  int32_t x;
  __builtin_memcpy(&x, p, sizeof x);
  return _mm512_set1_epi32(x);
}
inline Ints load_ints(const int32_t* p) {
  return _mm512_loadu_si512(p);
}
inline Ints bit_and(Ints a, Ints b) {
  return _mm512_and_si512(a, b);
}
inline Ints bit_xor(Ints a, Ints b) {
  return _mm512_xor_si512(a, b);
}
inline Ints bit_or(Ints a, Ints b) {
  return _mm512_or_si512(a, b);
}
template <int n>
inline Ints shift_right(Ints a) {
  return _mm512_srli_epi32(a, n);
}
template <int n>
inline Ints shift_left(Ints a) {
  return _mm512_slli_epi32(a, n);
}
template <int n>
inline Ints shift_right_signed(Ints a) {
  return _mm512_srai_epi32(a, n);
}
inline Ints add(Ints a, Ints b) {
  return _mm512_add_epi32(a, b);
}
inline Ints multiply(Ints a, Ints b) {
  return _mm512_mullo_epi32(a, b);
}
// The low 16 bits of the products of 16-bit numbers.
inline Ints multiply_halves(Ints a, Ints b) {
  return _mm512_mullo_epi16(a, b);
}
// acc + a.low16 b.low16 + a.high16 b.high16, signed, in each lane.
// Assembly, because g++ 12 copies the accumulators of an intrinsic around every loop.
inline Ints multiply_pairs(Ints acc, Ints a, Ints b) {
#ifdef __AVX512VNNI__
  asm("vpdpwssd %2, %1, %0" : "+v"(acc) : "v"(a), "vm"(b));
  return acc;
#else  // emulated/avx512.h
  return _mm512_dpwssd_epi32(acc, a, b);
#endif
}
inline Ints look_up(const int8_t table[16], Ints nibbles) {
  const __m128i t = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
  return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(t), nibbles);
}
// In every byte: bits where (byte & bit) != 0; bit has one bit in each byte.
inline Ints where_set(Ints bytes, Ints bit, Ints bits) {
  return _mm512_maskz_mov_epi8(_mm512_test_epi8_mask(bytes, bit), bits);
}
// In every byte: -byte where (which & bit) != 0, as where_set.
inline Ints negate_where_set(Ints bytes, Ints which, Ints bit) {
  const __mmask64 set = _mm512_test_epi8_mask(which, bit);
  return _mm512_mask_sub_epi8(bytes, set, _mm512_setzero_si512(), bytes);
}
// The 4 bytes at table + 4 index for each lane.
inline Ints gather_words(const void* table, Ints index) {
  return _mm512_i32gather_epi32(index, table, 4);
}
// kRows bytes, a lane each.
inline Ints load_bytes(const void* p) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}
// Byte n of each lane, four times.
template <int n>
inline Ints repeat_byte(Ints a) {
  return _mm512_shuffle_epi8(a, _mm512_broadcast_i32x4(_mm_set_epi32(
                                    0x0c0c0c0c + 0x01010101 * n, 0x08080808 + 0x01010101 * n,
                                    0x04040404 + 0x01010101 * n, 0x01010101 * n)));
}

inline Floats zero_floats() {
  return _mm512_setzero_ps();
}
inline Floats of_bits(Ints a) {
  return _mm512_castsi512_ps(a);
}
inline Floats splat(float x) {
  return _mm512_set1_ps(x);
}
inline Floats load_floats(const float* p) {
  return _mm512_loadu_ps(p);
}
inline void store_floats(float* p, Floats a) {
  _mm512_storeu_ps(p, a);
}
inline Floats to_float(Ints a) {
  return _mm512_cvtepi32_ps(a);
}
inline Floats multiply(Floats a, Floats b) {
  return _mm512_mul_ps(a, b);
}
inline Floats fma(Floats a, Floats b, Floats c) {
  return _mm512_fmadd_ps(a, b, c);
}
inline Floats fma_negated(Floats a, Floats b, Floats c) {
  return _mm512_fnmadd_ps(a, b, c);
}
// The low and the high half of each lane as 16-bit floats.
inline Floats low_half(Ints a) {
  return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(a));
}
inline Floats high_half(Ints a) {
  return low_half(shift_right<16>(a));
}

// kRows 16-bit floats.
inline Floats load_halves(const void* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
}

// How large the unsigned weight bytes of a type can be, or that they are signed.
enum class Range { u4, u5, u6, s8 };

inline Ints subtract_bytes(Ints a, Ints b) {
  return _mm512_sub_epi8(a, b);
}

}  // namespace
}  // namespace hearth::kernels::avx512vnni
