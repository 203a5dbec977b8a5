// SPDX-License-Identifier: Apache-2.0
#include "kernels/avx512vnni/functions.h"
#include "kernels/avx512vnni/vec.h"
#include "kernels/decode.h"
#include "kernels/scalar/functions.h"

namespace hearth::kernels::avx512vnni {

#include "kernels/generic/matmul_float.inc"

}  // namespace hearth::kernels::avx512vnni
