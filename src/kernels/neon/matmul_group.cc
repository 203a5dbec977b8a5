// SPDX-License-Identifier: Apache-2.0
#include "kernels/decode.h"
#include "kernels/neon/dot.h"
#include "kernels/neon/functions.h"
#include "kernels/packed_layout.h"

namespace hearth::kernels::neon {

#include "kernels/generic/matmul_group.inc"

#define HEARTH_GROUP_TYPE(name, Decoder)        \
  void matmul_##name(const MatmulArgs& args) {  \
    matmul_panels<GroupProduct<Decoder>>(args); \
  }
#include "kernels/types.inc"

}  // namespace hearth::kernels::neon
