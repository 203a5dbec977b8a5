// SPDX-License-Identifier: Apache-2.0
//
// The two integer forms to which every quantised weight type is brought. A type is a struct
// Decode<T> with its Block, its size and one function that unpacks it; the products
// (scalar/matmul_*.cc), the dequantizer and the generic path of the fast tables all use nothing
// else.
//
// Group form: a float scale for each <= 64 elements. Elements 32 g .. 32 g + 31 of the block are
//     w = d[half] q (+ m)            half = (element / 16) % 2
// Super form: blocks of 256 with integer group scales. Element e, group g = e / 16, is
//     w = d scale[g] q (- dmin min[g])
// with q, scale and min exact integers, so that the sum over a whole block of scale x q x
// activation is an exact integer too. Types with groups of 32 repeat the scale.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/half.h"
#include "kernels/layout.h"

namespace hearth::kernels {
namespace {

struct GroupOf32 {
  int8_t q[32];
  float d[2];
  float m;
};

struct SuperBlock {
  int8_t q[256];
  int8_t scale[16];
  uint8_t min[16];
  float d, dmin;
};

inline void fill_scale(SuperBlock* out, size_t group_of_32, int scale) {
  out->scale[2 * group_of_32] = static_cast<int8_t>(scale);
  out->scale[2 * group_of_32 + 1] = static_cast<int8_t>(scale);
}

}  // namespace
}  // namespace hearth::kernels
