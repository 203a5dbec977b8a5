// SPDX-License-Identifier: Apache-2.0
#include "kernels/avx2/functions.h"
#include "kernels/avx2/vec.h"
#include "kernels/decode.h"
#include "kernels/packed_layout.h"

namespace hearth::kernels::avx2 {

#include "kernels/generic/matmul_group.inc"

#define HEARTH_GROUP_TYPE(name, Decoder)        \
  void matmul_##name(const MatmulArgs& args) {  \
    matmul_panels<GroupProduct<Decoder>>(args); \
  }
#include "kernels/types.inc"

}  // namespace hearth::kernels::avx2
