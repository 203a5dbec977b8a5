// SPDX-License-Identifier: Apache-2.0
//
// The sums of 8 rows and a pair of tokens with smmla: four vectors, each a block of 2 tokens by 2
// rows.
//     v[i] = | token 0 row 2 i | token 0 row 2 i + 1 | token 1 row 2 i | token 1 row 2 i + 1 |
// dotprod/pair.h has the same words for sdot.
#pragma once

#include "kernels/dotprod/dot.h"

namespace hearth::kernels::neon {
namespace {

constexpr size_t kRowFactors = 4;
constexpr size_t row_factor(size_t i) {
  return i;
}

// The lower or the upper halves of two vectors.
inline Ints low_halves(Ints a, Ints b) {
  return vreinterpretq_s32_s64(vzip1q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)));
}
inline Ints high_halves(Ints a, Ints b) {
  return vreinterpretq_s32_s64(vzip2q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)));
}
inline Floats low_halves(Floats a, Floats b) {
  return vreinterpretq_f32_f64(vzip1q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
}
inline Floats high_halves(Floats a, Floats b) {
  return vreinterpretq_f32_f64(vzip2q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
}

template <class T>
inline void place_rows(T rows, size_t half, T* to) {
  to[2 * half] = low_halves(rows, rows);
  to[2 * half + 1] = high_halves(rows, rows);
}
inline Floats token_factor(const float of[2], size_t) {
  const float32x2_t both = vld1_f32(of);
  return vcombine_f32(vdup_lane_f32(both, 0), vdup_lane_f32(both, 1));
}

// A vector is two rows of 8 k.
inline void place_weights(Ints first, Ints second, size_t half, Ints to[4]) {
  to[2 * half] = vzip1q_s32(first, second);
  to[2 * half + 1] = vzip2q_s32(first, second);
}
inline void multiply_add(Ints v[4], const Ints w[4], Ints a) {
  for (size_t i = 0; i < 4; ++i) v[i] = vmmlaq_s32(v[i], bytes_of(a), bytes_of(w[i]));
}

// From this order to [2 half + token], or back: either way halves change places.
template <class T>
inline void exchange(T v[4]) {
  for (size_t half = 0; half < 2; ++half) {
    const T low = low_halves(v[2 * half], v[2 * half + 1]);
    v[2 * half + 1] = high_halves(v[2 * half], v[2 * half + 1]);
    v[2 * half] = low;
  }
}

}  // namespace
}  // namespace hearth::kernels::neon
