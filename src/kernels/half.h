// SPDX-License-Identifier: Apache-2.0
//
// 16-bit floats and little-endian words in software: the definition of every conversion. Equal to
// the F16C instructions bit for bit, subnormals and NaNs included. In an anonymous namespace
// because the units of every instruction set compile their own copy (see isa_objects_test).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/layout.h"

namespace hearth::kernels {
namespace {

inline uint32_t word(U16 v) {
  return static_cast<uint32_t>(v.bytes[0]) | static_cast<uint32_t>(v.bytes[1]) << 8;
}
inline uint32_t word(U32 v) {
  return static_cast<uint32_t>(v.bytes[0]) | static_cast<uint32_t>(v.bytes[1]) << 8 |
         static_cast<uint32_t>(v.bytes[2]) << 16 | static_cast<uint32_t>(v.bytes[3]) << 24;
}

inline uint32_t bits_of(float x) {
  return __builtin_bit_cast(uint32_t, x);
}
constexpr float float_of(uint32_t bits) {
  return __builtin_bit_cast(float, bits);
}

inline float f16_to_f32(uint32_t half) {
  const uint32_t sign = (half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 31u;
  const uint32_t fraction = half & 0x3ffu;
  if (exponent == 31) {  // a signalling NaN becomes quiet, as in hardware
    return float_of(sign | 0x7f800000u | fraction << 13 | (fraction != 0 ? 0x400000u : 0u));
  }
  if (exponent == 0) {  // subnormal: fraction * 2^-24, exact in f32
    const float magnitude = static_cast<float>(static_cast<int32_t>(fraction)) * 0x1p-24f;
    return float_of(sign | bits_of(magnitude));
  }
  return float_of(sign | (exponent + 112) << 23 | fraction << 13);
}
inline float f16_to_f32(U16 half) {
  return f16_to_f32(word(half));
}

// Round half to even; overflow gives infinity.
inline uint16_t f32_to_f16(float x) {
  const uint32_t bits = bits_of(x);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  uint32_t half;
  if (magnitude > 0x7f800000u) {
    half = 0x7e00u | (magnitude >> 13 & 0x3ffu);
  } else if (magnitude >= 0x477ff000u) {  // 65520 and above round to infinity
    half = 0x7c00u;
  } else if (magnitude < 0x38800000u) {
    // Below 2^-14: adding 2^-1 puts the half's last bit at the sum's last bit, so that the addition
    // itself rounds half to even.
    half = bits_of(float_of(magnitude) + 0.5f) - 0x3f000000u;
  } else {
    half = (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
  }
  return static_cast<uint16_t>(sign | half);
}

inline float bf16_to_f32(uint32_t half) {
  return float_of(half << 16);
}

inline uint16_t f32_to_bf16(float x) {
  const uint32_t bits = bits_of(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>(bits >> 16 | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

}  // namespace
}  // namespace hearth::kernels
