// SPDX-License-Identifier: Apache-2.0
#include "kernels/avx2/vec.h"
#include "kernels/avxvnni/functions.h"
#include "kernels/avxvnni/vnni.h"
#include "kernels/blocked.h"
#include "kernels/decode.h"
#include "kernels/packed_layout.h"

namespace hearth::kernels::avx2 {

// Each needs those before it.
// clang-format off
#include "kernels/avxvnni/dot.inc"
#include "kernels/generic/matmul_group.inc"
#include "kernels/generic/gemm_panel.inc"
#include "kernels/generic/gemm_dots32.inc"
#include "kernels/generic/gemm_group.inc"
// clang-format on

}  // namespace hearth::kernels::avx2

namespace hearth::kernels::avxvnni {

#define HEARTH_GROUP_TYPE(name, Decoder)                                       \
  void matmul_##name(const MatmulArgs& args) {                                 \
    using avx2::GroupProduct, avx2::GroupGemm;                                 \
    avx2::matmul_few_or_many<GroupProduct<Decoder>, GroupGemm<Decoder>>(args); \
  }
#include "kernels/types.inc"

}  // namespace hearth::kernels::avxvnni
