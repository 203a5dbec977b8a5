// SPDX-License-Identifier: Apache-2.0
#include "kernels/avx2/vec.h"
#include "kernels/blocked.h"
#include "kernels/decode.h"
#include "kernels/emulated/functions.h"
#include "kernels/emulated/vnni.h"
#include "kernels/packed_layout.h"

namespace hearth::kernels::avx2 {

#include "kernels/avxvnni/dot.inc"
#include "kernels/generic/sweep_super.inc"

}  // namespace hearth::kernels::avx2

namespace hearth::kernels::avxvnni_emulated {

#define HEARTH_SUPER_TYPE(name, Decoder)                                        \
  void matmul_##name(const MatmulArgs& args) {                                  \
    using avx2::SuperProduct, avx2::SuperSweep;                                 \
    avx2::matmul_few_or_many<SuperProduct<Decoder>, SuperSweep<Decoder>>(args); \
  }
#include "kernels/types.inc"

}  // namespace hearth::kernels::avxvnni_emulated
