// SPDX-License-Identifier: Apache-2.0
#include "kernels/avx2/functions.h"
#include "kernels/avx2/vec.h"
#include "kernels/decode.h"
#include "kernels/scalar/functions.h"

namespace hearth::kernels::avx2 {

#include "kernels/generic/matmul_super.inc"

}  // namespace hearth::kernels::avx2
