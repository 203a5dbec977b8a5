// SPDX-License-Identifier: Apache-2.0
#include "kernels/decode.h"
#include "kernels/dotprod/functions.h"
#include "kernels/i8mm/functions.h"
#include "kernels/i8mm/pair.h"
#include "kernels/packed_layout.h"
#include "kernels/paired.h"

namespace hearth::kernels::neon {

#include "kernels/dotprod/pair_group.inc"

}  // namespace hearth::kernels::neon

namespace hearth::kernels::i8mm {

#define HEARTH_GROUP_TYPE(name, Decoder)                  \
  void matmul_##name(const MatmulArgs& args) {            \
    if (neon::has_pairs(args)) {                          \
      neon::pair_panels<neon::GroupPairs<Decoder>>(args); \
    } else {                                              \
      dotprod::matmul_##name(args);                       \
    }                                                     \
  }
#include "kernels/types.inc"

}  // namespace hearth::kernels::i8mm
