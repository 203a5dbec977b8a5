// SPDX-License-Identifier: Apache-2.0
#include "kernels/avx2/dot.h"
#include "kernels/avx2/functions.h"
#include "kernels/blocked.h"
#include "kernels/decode.h"
#include "kernels/packed_layout.h"

namespace hearth::kernels::avx2 {

#include "kernels/generic/sweep_group.inc"

#define HEARTH_GROUP_TYPE(name, Decoder)                                  \
  void matmul_##name(const MatmulArgs& args) {                            \
    matmul_few_or_many<GroupProduct<Decoder>, GroupSweep<Decoder>>(args); \
  }
#include "kernels/types.inc"

}  // namespace hearth::kernels::avx2
