// SPDX-License-Identifier: Apache-2.0
#include "kernels/decode.h"
#include "kernels/dotprod/functions.h"
#include "kernels/dotprod/pair.h"
#include "kernels/packed_layout.h"
#include "kernels/paired.h"

namespace hearth::kernels::neon {

#include "kernels/dotprod/pair_super.inc"

}  // namespace hearth::kernels::neon

namespace hearth::kernels::dotprod {

#define HEARTH_SUPER_TYPE(name, Decoder)                \
  void matmul_##name(const MatmulArgs& args) {          \
    using neon::SuperProduct, neon::SuperPairs;         \
    if (neon::has_pairs(args)) {                        \
      neon::pair_panels<SuperPairs<Decoder>>(args);     \
    } else {                                            \
      neon::matmul_panels<SuperProduct<Decoder>>(args); \
    }                                                   \
  }
#include "kernels/types.inc"

}  // namespace hearth::kernels::dotprod
