// SPDX-License-Identifier: Apache-2.0
//
// The vector words of the generic kernels for the NEON of every 64-bit ARM; avx512vnni/vec.h says
// what each does. 16 lanes are four registers.
#pragma once

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

namespace hearth::kernels::neon {
namespace {

// --- 16 floats -----------------------------------------------------------------------------------

struct Lanes {
  float32x4_t v[4];
};
struct Words {
  uint32x4_t v[4];
};
struct Mask {
  uint32x4_t v[4];
};

template <class Out, class F>
inline Out each(F f) {
  return {{f(0), f(1), f(2), f(3)}};
}

inline Lanes broadcast(float x) {
  return each<Lanes>([&](int) { return vdupq_n_f32(x); });
}
// Rows and tokens of a float product whose sums fit the registers.
constexpr size_t kFloatRows = 2, kFloatTokens = 3;

// Queries of attention that are taken together, and how many registers their sums may fill.
constexpr size_t kAttendQueries = 4, kAttendSums = 16;

inline Lanes zero_lanes() {
  return broadcast(0.0f);
}
inline Lanes load(const float* p) {
  return each<Lanes>([&](int i) { return vld1q_f32(p + 4 * i); });
}
inline Lanes load_f16(const void* p) {
  const auto* half = static_cast<const uint16_t*>(p);
  return each<Lanes>(
      [&](int i) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(half + 4 * i))); });
}
inline Lanes load_bf16(const void* p) {
  const auto* half = static_cast<const uint16_t*>(p);
  return each<Lanes>(
      [&](int i) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(half + 4 * i), 16)); });
}
inline void store(float* p, Lanes a) {
  for (int i = 0; i < 4; ++i) vst1q_f32(p + 4 * i, a.v[i]);
}
inline Lanes operator+(Lanes a, Lanes b) {
  return each<Lanes>([&](int i) { return vaddq_f32(a.v[i], b.v[i]); });
}
inline Lanes operator-(Lanes a, Lanes b) {
  return each<Lanes>([&](int i) { return vsubq_f32(a.v[i], b.v[i]); });
}
inline Lanes operator*(Lanes a, Lanes b) {
  return each<Lanes>([&](int i) { return vmulq_f32(a.v[i], b.v[i]); });
}
inline Lanes operator/(Lanes a, Lanes b) {
  return each<Lanes>([&](int i) { return vdivq_f32(a.v[i], b.v[i]); });
}
inline Lanes fma(Lanes a, Lanes b, Lanes c) {
  return each<Lanes>([&](int i) { return vfmaq_f32(c.v[i], a.v[i], b.v[i]); });
}
// Not vminq and vmaxq, which return NaN where either is.
inline Lanes min(Lanes a, Lanes b) {
  return each<Lanes>([&](int i) { return vbslq_f32(vcltq_f32(a.v[i], b.v[i]), a.v[i], b.v[i]); });
}
inline Lanes max(Lanes a, Lanes b) {
  return each<Lanes>([&](int i) { return vbslq_f32(vcgtq_f32(a.v[i], b.v[i]), a.v[i], b.v[i]); });
}
inline Mask less(Lanes a, Lanes b) {
  return each<Mask>([&](int i) { return vcltq_f32(a.v[i], b.v[i]); });
}
inline Mask range(size_t begin, size_t end) {
  const uint32x4_t b = vdupq_n_u32(static_cast<uint32_t>(begin));
  const uint32x4_t e = vdupq_n_u32(static_cast<uint32_t>(end));
  const uint32x4_t first = {0, 1, 2, 3};
  return each<Mask>([&](int i) {
    const uint32x4_t lane = vaddq_u32(first, vdupq_n_u32(static_cast<uint32_t>(4 * i)));
    return vandq_u32(vcgeq_u32(lane, b), vcltq_u32(lane, e));
  });
}
inline Lanes select(Mask m, Lanes a, Lanes b) {
  return each<Lanes>([&](int i) { return vbslq_f32(m.v[i], a.v[i], b.v[i]); });
}

inline Words as_words(Lanes a) {
  return each<Words>([&](int i) { return vreinterpretq_u32_f32(a.v[i]); });
}
inline Lanes as_lanes(Words a) {
  return each<Lanes>([&](int i) { return vreinterpretq_f32_u32(a.v[i]); });
}
inline Words broadcast_word(uint32_t x) {
  return each<Words>([&](int) { return vdupq_n_u32(x); });
}
inline Words operator+(Words a, Words b) {
  return each<Words>([&](int i) { return vaddq_u32(a.v[i], b.v[i]); });
}
inline Words operator-(Words a, Words b) {
  return each<Words>([&](int i) { return vsubq_u32(a.v[i], b.v[i]); });
}
inline Words operator&(Words a, Words b) {
  return each<Words>([&](int i) { return vandq_u32(a.v[i], b.v[i]); });
}
inline Words operator|(Words a, Words b) {
  return each<Words>([&](int i) { return vorrq_u32(a.v[i], b.v[i]); });
}
inline Words max_unsigned(Words a, Words b) {
  return each<Words>([&](int i) { return vmaxq_u32(a.v[i], b.v[i]); });
}
inline Words shift_left_23(Words a) {
  return each<Words>([&](int i) { return vshlq_n_u32(a.v[i], 23); });
}
inline Words half_signed(Words a) {
  return each<Words>(
      [&](int i) { return vreinterpretq_u32_s32(vshrq_n_s32(vreinterpretq_s32_u32(a.v[i]), 1)); });
}
inline uint32_t max_of(Words a) {
  return vmaxvq_u32(vmaxq_u32(vmaxq_u32(a.v[0], a.v[1]), vmaxq_u32(a.v[2], a.v[3])));
}

inline float tree_sum(Lanes a) {
  const float32x4_t t4 = vaddq_f32(vaddq_f32(a.v[0], a.v[2]), vaddq_f32(a.v[1], a.v[3]));
  const float32x2_t t2 = vadd_f32(vget_low_f32(t4), vget_high_f32(t4));
  return vget_lane_f32(t2, 0) + vget_lane_f32(t2, 1);
}
inline float max_of(Lanes a) {
  return vmaxvq_f32(vmaxq_f32(vmaxq_f32(a.v[0], a.v[1]), vmaxq_f32(a.v[2], a.v[3])));
}

inline int store_rounded(int8_t* q, Lanes v) {
  int32x4_t i[4];
  for (int n = 0; n < 4; ++n) i[n] = vcvtnq_s32_f32(v.v[n]);
  const int16x8_t lo = vcombine_s16(vmovn_s32(i[0]), vmovn_s32(i[1]));
  const int16x8_t hi = vcombine_s16(vmovn_s32(i[2]), vmovn_s32(i[3]));
  vst1q_s8(q, vcombine_s8(vmovn_s16(lo), vmovn_s16(hi)));
  return vaddvq_s16(vaddq_s16(lo, hi));
}
inline uint16_t half_of(float x) {
  return vget_lane_u16(vreinterpret_u16_f16(vcvt_f16_f32(vdupq_n_f32(x))), 0);
}

// --- one lane for each weight row ----------------------------------------------------------------

constexpr size_t kRows = 4;
// NEON has no other product with many tokens.
constexpr size_t kTokenTile = 64;
using Ints = int32x4_t;
using Floats = float32x4_t;

inline Ints of_bytes(int8x16_t a) {
  return vreinterpretq_s32_s8(a);
}
inline int8x16_t bytes_of(Ints a) {
  return vreinterpretq_s8_s32(a);
}
inline uint8x16_t unsigned_bytes(Ints a) {
  return vreinterpretq_u8_s32(a);
}

inline Ints splat(int32_t x) {
  return vdupq_n_s32(x);
}
inline Ints splat_bytes(int8_t x) {
  return of_bytes(vdupq_n_s8(x));
}
inline Ints splat_word(const void* p) {
  int32_t x;
  __builtin_memcpy(&x, p, sizeof x);
  return vdupq_n_s32(x);
}
inline Ints load_ints(const int32_t* p) {
  return vld1q_s32(p);
}
inline Ints bit_and(Ints a, Ints b) {
  return vandq_s32(a, b);
}
inline Ints bit_xor(Ints a, Ints b) {
  return veorq_s32(a, b);
}
inline Ints bit_or(Ints a, Ints b) {
  return vorrq_s32(a, b);
}
template <int n>
inline Ints shift_right(Ints a) {
  if constexpr (n == 0)
    return a;
  else
    return vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_s32(a), n));
}
template <int n>
inline Ints shift_left(Ints a) {
  return vshlq_n_s32(a, n);
}
template <int n>
inline Ints shift_right_signed(Ints a) {
  return vshrq_n_s32(a, n);
}
inline Ints add(Ints a, Ints b) {
  return vaddq_s32(a, b);
}
inline Ints multiply(Ints a, Ints b) {
  return vmulq_s32(a, b);
}
inline Ints multiply_halves(Ints a, Ints b) {
  return vreinterpretq_s32_s16(vmulq_s16(vreinterpretq_s16_s32(a), vreinterpretq_s16_s32(b)));
}
inline Ints multiply_pairs(Ints acc, Ints a, Ints b) {
  const int16x8_t x = vreinterpretq_s16_s32(a), y = vreinterpretq_s16_s32(b);
  const int32x4_t low = vmull_s16(vget_low_s16(x), vget_low_s16(y)), high = vmull_high_s16(x, y);
  return vaddq_s32(acc, vpaddq_s32(low, high));
}
inline Ints look_up(const int8_t table[16], Ints nibbles) {
  return of_bytes(vqtbl1q_s8(vld1q_s8(table), unsigned_bytes(nibbles)));
}
inline Ints where_set(Ints bytes, Ints bit, Ints bits) {
  const uint8x16_t set = vtstq_u8(unsigned_bytes(bytes), unsigned_bytes(bit));
  return vandq_s32(vreinterpretq_s32_u8(set), bits);
}
inline Ints negate_where_set(Ints bytes, Ints which, Ints bit) {
  const uint8x16_t set = vtstq_u8(unsigned_bytes(which), unsigned_bytes(bit));
  return of_bytes(vbslq_s8(set, vnegq_s8(bytes_of(bytes)), bytes_of(bytes)));
}
inline Ints subtract_bytes(Ints a, Ints b) {
  return of_bytes(vsubq_s8(bytes_of(a), bytes_of(b)));
}
inline Ints gather_words(const void* table, Ints index) {
  int32_t at[4], word[4];
  vst1q_s32(at, index);
  for (size_t r = 0; r < 4; ++r)
    __builtin_memcpy(word + r, static_cast<const uint8_t*>(table) + 4 * at[r], 4);
  return vld1q_s32(word);
}
inline Ints load_bytes(const void* p) {
  uint32_t four;
  __builtin_memcpy(&four, p, sizeof four);
  const uint16x8_t wide = vmovl_u8(vcreate_u8(four));
  return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(wide)));
}
template <int n>
inline Ints repeat_byte(Ints a) {
  const uint8x16_t index = {n,     n,     n,     n,     n + 4,  n + 4,  n + 4,  n + 4,
                            n + 8, n + 8, n + 8, n + 8, n + 12, n + 12, n + 12, n + 12};
  return of_bytes(vqtbl1q_s8(bytes_of(a), index));
}

inline Floats zero_floats() {
  return vdupq_n_f32(0.0f);
}
inline Floats of_bits(Ints a) {
  return vreinterpretq_f32_s32(a);
}
inline Floats splat(float x) {
  return vdupq_n_f32(x);
}
inline Floats load_floats(const float* p) {
  return vld1q_f32(p);
}
inline void store_floats(float* p, Floats a) {
  vst1q_f32(p, a);
}
inline Floats to_float(Ints a) {
  return vcvtq_f32_s32(a);
}
inline Floats multiply(Floats a, Floats b) {
  return vmulq_f32(a, b);
}
inline Floats fma(Floats a, Floats b, Floats c) {
  return vfmaq_f32(c, a, b);
}
inline Floats fma_negated(Floats a, Floats b, Floats c) {
  return vfmsq_f32(c, a, b);
}
inline Floats low_half(Ints a) {
  return vcvt_f32_f16(vreinterpret_f16_u16(vmovn_u32(vreinterpretq_u32_s32(a))));
}
inline Floats high_half(Ints a) {
  return low_half(shift_right<16>(a));
}

inline Floats load_halves(const void* p) {
  return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(static_cast<const uint8_t*>(p))));
}

// How large the unsigned weight bytes of a type can be, or that they are signed. Both factors of a
// product are signed here, so signed weights serve as they are.
enum class Range { u4, u5, u6, s8 };

constexpr int kSignedOffset = 0;
inline Ints signed_weights(Ints w) {
  return w;
}

}  // namespace
}  // namespace hearth::kernels::neon
