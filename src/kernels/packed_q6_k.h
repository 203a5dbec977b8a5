// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a Q6_K block as panels hold them: its 6-bit weights lie in a byte each, but for
// every fourth group of 32, whose bits fill the upper two of the other three. The sixteen scales
// come first, as a product reads them first: behind the weights they would be asked for 3 KiB too
// late (generic/packed_block.inc). Then, for each half of 128:
//
//     byte l of 32        group 0 [l] | bits 0, 1 of group 3 [l] << 6
//     byte 32 + l         group 1 [l] | bits 2, 3 of group 3 [l] << 6
//     byte 64 + l         group 2 [l] | bits 4, 5 of group 3 [l] << 6
//
// In the file a weight is a nibble here and two bits there, which cost a vector table four to five
// operations where these cost 2.75 (docs/decisions/0007-packed-weights.md).
#pragma once

#include "kernels/layout.h"

namespace hearth::kernels {
namespace {

// The file's block without its tail, and the panel's words of it.
struct PackedQ6_K {
  int8_t scales[16];
  uint8_t qs[2][96];
};
static_assert(sizeof(PackedQ6_K) == sizeof(BlockQ6_K) - sizeof(U16));

inline void pack_q6_k(const uint8_t* block, PackedQ6_K* out) {
  BlockQ6_K from;
  __builtin_memcpy(&from, block, sizeof from);
  for (size_t half = 0; half < 2; ++half) {
    const uint8_t *ql = from.ql + 64 * half, *qh = from.qh + 32 * half;
    uint8_t* to = out->qs[half];
    for (size_t l = 0; l < 32; ++l) {
      const uint8_t low02 = ql[l], low13 = ql[32 + l], high = qh[l];
      const auto last = static_cast<uint8_t>(low13 >> 4 | (high >> 6) << 4);
      to[l] = static_cast<uint8_t>((low02 & 15) | (high & 3) << 4 | last << 6);
      to[32 + l] = static_cast<uint8_t>((low13 & 15) | (high & 12) << 2 | (last & 12) << 4);
      to[64 + l] = static_cast<uint8_t>(low02 >> 4 | (high & 48) | (last & 48) << 2);
    }
  }
  __builtin_memcpy(out->scales, from.scales, sizeof from.scales);
}

// Leaves the block's tail as it is.
inline void unpack_q6_k(const PackedQ6_K& from, uint8_t* block) {
  BlockQ6_K to;
  __builtin_memcpy(&to, block, sizeof to);
  for (size_t half = 0; half < 2; ++half) {
    uint8_t *ql = to.ql + 64 * half, *qh = to.qh + 32 * half;
    const uint8_t* qs = from.qs[half];
    for (size_t l = 0; l < 32; ++l) {
      const uint8_t a = qs[l], b = qs[32 + l], c = qs[64 + l];
      const auto last = static_cast<uint8_t>(a >> 6 | (b >> 6) << 2 | (c >> 6) << 4);
      ql[l] = static_cast<uint8_t>((a & 15) | (c & 15) << 4);
      ql[32 + l] = static_cast<uint8_t>((b & 15) | (last & 15) << 4);
      qh[l] = static_cast<uint8_t>((a >> 4 & 3) | (b >> 4 & 3) << 2 | (c & 48) | last >> 4 << 6);
    }
  }
  __builtin_memcpy(to.scales, from.scales, sizeof to.scales);
  __builtin_memcpy(block, &to, sizeof to);
}

}  // namespace
}  // namespace hearth::kernels
