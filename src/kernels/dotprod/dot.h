// SPDX-License-Identifier: Apache-2.0
//
// Dots of 4 weights and 4 activations in each lane with sdot, whose sums have 32 bits.
#pragma once

#include "kernels/neon/vec.h"

namespace hearth::kernels::neon {
namespace {

// acc + w . a over the 4 bytes of each lane of w and those of word `lane` of a.
template <int lane>
inline Ints dot_bytes(Ints acc, Ints w, Ints a) {
  return vdotq_laneq_s32(acc, bytes_of(w), bytes_of(a), lane);
}

// init + sum over n slices of w . a in each row; a = 4 n activations.
template <Range, size_t n>
inline Ints dot_slices(const Ints* w, const int8_t* a, Ints init) {
  Ints even = init, odd = splat(0);
  for (size_t i = 0; i < n; i += 4) {
    const Ints x = of_bytes(vld1q_s8(a + 4 * i));
    even = dot_bytes<0>(even, w[i], x);
    odd = dot_bytes<1>(odd, w[i + 1], x);
    even = dot_bytes<2>(even, w[i + 2], x);
    odd = dot_bytes<3>(odd, w[i + 3], x);
  }
  return add(even, odd);
}

}  // namespace

#include "kernels/generic/scaled_dots32.inc"

}  // namespace hearth::kernels::neon
