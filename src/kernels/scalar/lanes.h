// SPDX-License-Identifier: Apache-2.0
//
// The one shape of every float sum: element i goes to lane i % 16 in ascending order, and the lanes
// are folded as a tree, i + 8, i + 4, i + 2, i + 1. A 512-bit register does it at once, two 256-bit
// or four 128-bit ones equally, so that every instruction set gives the same bits.
#pragma once

#include <stddef.h>

namespace hearth::kernels::scalar {
namespace {

struct Lanes {
  float lane[16] = {};

  float tree_sum() const {
    float t[16];
    for (size_t i = 0; i < 16; ++i) t[i] = lane[i];
    for (size_t width = 8; width != 0; width /= 2) {
      for (size_t i = 0; i < width; ++i) t[i] = t[i] + t[i + width];
    }
    return t[0];
  }
};

}  // namespace
}  // namespace hearth::kernels::scalar
