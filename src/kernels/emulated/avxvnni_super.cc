// SPDX-License-Identifier: Apache-2.0
#include "kernels/avx2/vec.h"
#include "kernels/blocked.h"
#include "kernels/decode.h"
#include "kernels/emulated/functions.h"
#include "kernels/emulated/vnni.h"
#include "kernels/packed_layout.h"

namespace hearth::kernels::avx2 {

// Each needs those before it.
// clang-format off
#include "kernels/avxvnni/dot.inc"
#include "kernels/generic/matmul_super.inc"
#include "kernels/generic/gemm_panel.inc"
#include "kernels/generic/gemm_dots32.inc"
#include "kernels/generic/gemm_super.inc"
// clang-format on

}  // namespace hearth::kernels::avx2

namespace hearth::kernels::avxvnni_emulated {

#define HEARTH_SUPER_TYPE(name, Decoder)                                       \
  void matmul_##name(const MatmulArgs& args) {                                 \
    using avx2::SuperProduct, avx2::SuperGemm;                                 \
    avx2::matmul_few_or_many<SuperProduct<Decoder>, SuperGemm<Decoder>>(args); \
  }
#include "kernels/types.inc"

}  // namespace hearth::kernels::avxvnni_emulated
