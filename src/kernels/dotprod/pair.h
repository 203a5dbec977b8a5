// SPDX-License-Identifier: Apache-2.0
//
// The sums of 8 rows and a pair of tokens with sdot: four vectors, each 4 rows of one token.
//     v[2 half + token] = rows 4 half .. 4 half + 3
// i8mm/pair.h has the same words for smmla.
#pragma once

#include "kernels/dotprod/dot.h"

namespace hearth::kernels::neon {
namespace {

// Different factors of rows that the four vectors meet, and which one v[i] meets.
constexpr size_t kRowFactors = 2;
constexpr size_t row_factor(size_t i) {
  return i / 2;
}
template <class T>
inline void place_rows(T rows, size_t half, T* to) {
  to[half] = rows;
}
// What v[i] is multiplied by where the factors are the two tokens'.
inline Floats token_factor(const float of[2], size_t i) {
  return splat(of[i % 2]);
}

// 8 k of the 4 rows of a half, from two slices.
inline void place_weights(Ints first, Ints second, size_t half, Ints to[4]) {
  to[half] = first;
  to[2 + half] = second;
}
// v += 8 k of all rows times those of a pair.
inline void multiply_add(Ints v[4], const Ints w[4], Ints a) {
  v[0] = dot_bytes<0>(v[0], w[0], a);
  v[1] = dot_bytes<2>(v[1], w[0], a);
  v[2] = dot_bytes<0>(v[2], w[1], a);
  v[3] = dot_bytes<2>(v[3], w[1], a);
  v[0] = dot_bytes<1>(v[0], w[2], a);
  v[1] = dot_bytes<3>(v[1], w[2], a);
  v[2] = dot_bytes<1>(v[2], w[3], a);
  v[3] = dot_bytes<3>(v[3], w[3], a);
}

// From this order to [2 half + token], which is the same here, or back.
template <class T>
inline void exchange(T[4]) {}

}  // namespace
}  // namespace hearth::kernels::neon
