// SPDX-License-Identifier: Apache-2.0
#include "kernels/avx2/dot.h"
#include "kernels/avx2/functions.h"
#include "kernels/blocked.h"
#include "kernels/decode.h"
#include "kernels/packed_layout.h"

namespace hearth::kernels::avx2 {

// Each needs those before it.
// clang-format off
#include "kernels/generic/matmul_super.inc"
#include "kernels/generic/gemm_panel.inc"
#include "kernels/generic/gemm_dots16.inc"
#include "kernels/generic/gemm_super.inc"
// clang-format on

#define HEARTH_SUPER_TYPE(name, Decoder)                                 \
  void matmul_##name(const MatmulArgs& args) {                           \
    matmul_few_or_many<SuperProduct<Decoder>, SuperGemm<Decoder>>(args); \
  }
#include "kernels/types.inc"

}  // namespace hearth::kernels::avx2
