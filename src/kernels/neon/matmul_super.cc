// SPDX-License-Identifier: Apache-2.0
#include "kernels/decode.h"
#include "kernels/neon/functions.h"
#include "kernels/neon/vec.h"
#include "kernels/scalar/functions.h"

namespace hearth::kernels::neon {

#include "kernels/generic/matmul_super.inc"

#define HEARTH_SUPER_TYPE(name, Decoder)                               \
  void matmul_##name(const MatmulArgs& args) {                         \
    matmul_panels<SuperProduct<Decoder>>(args, scalar::matmul_##name); \
  }
#include "kernels/types.inc"

}  // namespace hearth::kernels::neon
