// SPDX-License-Identifier: Apache-2.0
#include "kernels/avx2/functions.h"
#include "kernels/avx2/vec.h"
#include "kernels/constants.h"
#include "kernels/half.h"

namespace hearth::kernels::avx2 {

#include "kernels/generic/attention.inc"

}  // namespace hearth::kernels::avx2
