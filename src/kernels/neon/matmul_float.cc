// SPDX-License-Identifier: Apache-2.0
#include "kernels/decode.h"
#include "kernels/neon/functions.h"
#include "kernels/neon/vec.h"
#include "kernels/scalar/functions.h"

namespace hearth::kernels::neon {

#include "kernels/generic/matmul_float.inc"

}  // namespace hearth::kernels::neon
