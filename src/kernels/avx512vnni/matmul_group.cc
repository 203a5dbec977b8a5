// SPDX-License-Identifier: Apache-2.0
#include "kernels/avx512vnni/functions.h"
#include "kernels/avx512vnni/vec.h"
#include "kernels/blocked.h"
#include "kernels/decode.h"
#include "kernels/packed_layout.h"

namespace hearth::kernels::avx512vnni {

#include "kernels/generic/gemm_group.inc"

#define HEARTH_GROUP_TYPE(name, Decoder)                                 \
  void matmul_##name(const MatmulArgs& args) {                           \
    matmul_few_or_many<GroupProduct<Decoder>, GroupGemm<Decoder>>(args); \
  }
#include "kernels/types.inc"

}  // namespace hearth::kernels::avx512vnni
