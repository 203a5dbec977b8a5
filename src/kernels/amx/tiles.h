// SPDX-License-Identifier: Apache-2.0
//
// The tile instructions of AMX-INT8. emulated/tiles.h has the same words in plain C++.
//
// They are asm statements because g++ 12's _tile_loadconfig tells the compiler of 8 of its 64 bytes
// (the stores that fill the rest are dropped), and so that the compiler keeps all of them in order:
// it knows nothing of tile registers. Loads and stores clobber "memory" for the same reason.
//
// Tiles belong to a thread. Whoever computes configures them at the start of a product and releases
// them at its end: tens of cycles, and a thread that waits has no 8 KB of tiles to be saved.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/amx/config.h"

namespace hearth::kernels {
namespace {

inline void configure_tiles(const TileConfig& config) {
  __asm__ volatile("ldtilecfg %0" ::"m"(config));
}
inline void release_tiles() {
  __asm__ volatile("tilerelease");
}
template <int tile>
inline void zero_tile() {
  __asm__ volatile("tilezero %%tmm%c0" ::"i"(tile));
}
// Row r of the tile is at p + r stride.
template <int tile>
inline void load_tile(const int8_t* p, size_t stride) {
  __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(p), "r"(stride), "i"(tile) : "memory");
}
template <int tile>
inline void store_tile(int32_t* p, size_t stride) {
  __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(p), "r"(stride), "i"(tile) : "memory");
}
// c += a b, all bytes signed.
template <int c, int a, int b>
inline void dot_tiles() {
  __asm__ volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(c), "i"(a), "i"(b));
}

}  // namespace
}  // namespace hearth::kernels
