// SPDX-License-Identifier: Apache-2.0
#include "kernels/amx/functions.h"
#include "kernels/amx/tiles.h"
#include "kernels/avx512vnni/dot.h"
#include "kernels/avx512vnni/functions.h"
#include "kernels/blocked.h"
#include "kernels/decode.h"
#include "kernels/packed_layout.h"

namespace hearth::kernels::avx512vnni {

#include "kernels/amx/tile_group.inc"

}  // namespace hearth::kernels::avx512vnni

namespace hearth::kernels::amx {

#define HEARTH_GROUP_TYPE(name, Decoder)                                      \
  void matmul_##name(const MatmulArgs& args) {                                \
    using avx512vnni::GroupTiles;                                             \
    avx512vnni::matmul_tiles<GroupTiles<Decoder>>(args, least_tokens.q8_32,   \
                                                  avx512vnni::matmul_##name); \
  }
#include "kernels/types.inc"

}  // namespace hearth::kernels::amx
