// SPDX-License-Identifier: Apache-2.0
//
// The words that attention needs beside those of vec.h: values in blocks on their way to 16 floats.
#pragma once

#include "kernels/neon/vec.h"

namespace hearth::kernels::neon {
namespace {

// kRows bfloat16.
inline Floats load_bf16_floats(const void* p) {
  return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(static_cast<const uint16_t*>(p)), 16));
}

inline Lanes broadcast_f16(const void* p) {
  uint16_t half;
  __builtin_memcpy(&half, p, sizeof half);
  const float32x4_t all = vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(half)));
  return each<Lanes>([&](int) { return all; });
}
// 16 bytes, as a vector of the compiler's own.
using Bytes16 = uint8_t __attribute__((vector_size(16)));
using Words32x4 = uint32_t __attribute__((vector_size(16)));
// 16 signed bytes as floats.
inline Lanes lanes_of_bytes(Bytes16 a) {
  const auto bytes = reinterpret_cast<int8x16_t>(a);
  const int16x8_t low = vmovl_s8(vget_low_s8(bytes)), high = vmovl_high_s8(bytes);
  return {{vcvtq_f32_s32(vmovl_s16(vget_low_s16(low))), vcvtq_f32_s32(vmovl_high_s16(low)),
           vcvtq_f32_s32(vmovl_s16(vget_low_s16(high))), vcvtq_f32_s32(vmovl_high_s16(high))}};
}
inline Lanes load_lanes_of_bytes(const int8_t* p) {
  Bytes16 a;
  __builtin_memcpy(&a, p, sizeof a);
  return lanes_of_bytes(a);
}
inline Bytes16 look_up16(const int8_t table[16], Bytes16 nibbles) {
  return reinterpret_cast<Bytes16>(
      vqtbl1q_s8(vld1q_s8(table), reinterpret_cast<uint8x16_t>(nibbles)));
}

}  // namespace
}  // namespace hearth::kernels::neon
