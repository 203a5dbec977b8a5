// SPDX-License-Identifier: Apache-2.0
#include "kernels/amx/functions.h"
#include "kernels/avx512vnni/functions.h"
#include "kernels/avx512vnni/vec.h"
#include "kernels/decode.h"
#include "kernels/emulated/functions.h"
#include "kernels/emulated/tiles.h"

namespace hearth::kernels::amx_emulated {
using namespace avx512vnni;

#include "kernels/amx/tile_super.inc"

#define HEARTH_SUPER_TYPE(name, Decoder)                                \
  void matmul_##name(const MatmulArgs& args) {                          \
    matmul_tiles<SuperTiles<Decoder>>(args, avx512vnni::matmul_##name); \
  }
#include "kernels/types.inc"

}  // namespace hearth::kernels::amx_emulated
