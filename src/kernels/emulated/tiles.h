// SPDX-License-Identifier: Apache-2.0
//
// The words of amx/tiles.h in plain C++, for tests on machines without tiles. What would be an
// invalid instruction there is a trap here: shapes that do not fit, tiles that are not configured.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/amx/config.h"

namespace hearth::kernels {
namespace {

struct Tiles {
  TileConfig config;
  bool configured;
  union {
    int8_t bytes[16][64];
    int32_t words[16][16];
  } tile[8];
};
thread_local Tiles tiles;

inline void require(bool holds) {
  if (!holds) __builtin_trap();
}

inline void configure_tiles(const TileConfig& config) {
  require(config.palette == 1 && config.start_row == 0);
  for (int t = 0; t < 16; ++t) {
    const bool used = config.rows[t] != 0 && config.row_bytes[t] != 0;
    const bool unused = config.rows[t] == 0 && config.row_bytes[t] == 0;
    require(t < 8 ? used && config.rows[t] <= 16 && config.row_bytes[t] <= 64 : unused);
  }
  __builtin_memset(tiles.tile, 0, sizeof tiles.tile);
  tiles.config = config;
  tiles.configured = true;
}
inline void release_tiles() {
  tiles.configured = false;
}
template <int tile>
inline void zero_tile() {
  require(tiles.configured);
  __builtin_memset(&tiles.tile[tile], 0, sizeof tiles.tile[tile]);
}
template <int tile>
inline void load_tile(const int8_t* p, size_t stride) {
  zero_tile<tile>();
  for (size_t r = 0; r < tiles.config.rows[tile]; ++r)
    __builtin_memcpy(tiles.tile[tile].bytes[r], p + r * stride, tiles.config.row_bytes[tile]);
}
template <int tile>
inline void store_tile(int32_t* p, size_t stride) {
  require(tiles.configured);
  for (size_t r = 0; r < tiles.config.rows[tile]; ++r)
    __builtin_memcpy(reinterpret_cast<char*>(p) + r * stride, tiles.tile[tile].bytes[r],
                     tiles.config.row_bytes[tile]);
}
template <int c, int a, int b>
inline void dot_tiles() {
  const TileConfig& f = tiles.config;
  require(tiles.configured && c != a && c != b && a != b);
  require(f.row_bytes[c] == f.row_bytes[b] && f.row_bytes[a] == 4 * f.rows[b] &&
          f.rows[c] == f.rows[a]);
  for (size_t m = 0; m < f.rows[c]; ++m) {
    for (size_t k = 0; k < f.rows[b]; ++k) {
      const int8_t* x = tiles.tile[a].bytes[m] + 4 * k;
      const int8_t* y = tiles.tile[b].bytes[k];
      int32_t* sum = tiles.tile[c].words[m];
      for (size_t n = 0; n < 16; ++n, y += 4)
        sum[n] += x[0] * y[0] + x[1] * y[1] + x[2] * y[2] + x[3] * y[3];
    }
  }
}

}  // namespace
}  // namespace hearth::kernels
