// SPDX-License-Identifier: Apache-2.0
#include "kernels/avx512vnni/dot.h"
#include "kernels/avx512vnni/functions.h"
#include "kernels/blocked.h"
#include "kernels/decode.h"
#include "kernels/packed_layout.h"

namespace hearth::kernels::avx512vnni {

// Each needs those before it.
// clang-format off
#include "kernels/generic/matmul_group.inc"
#include "kernels/generic/gemm_panel.inc"
#include "kernels/generic/gemm_dots32.inc"
#include "kernels/generic/gemm_group.inc"
// clang-format on

#define HEARTH_GROUP_TYPE(name, Decoder)                                 \
  void matmul_##name(const MatmulArgs& args) {                           \
    matmul_few_or_many<GroupProduct<Decoder>, GroupGemm<Decoder>>(args); \
  }
#include "kernels/types.inc"

}  // namespace hearth::kernels::avx512vnni
