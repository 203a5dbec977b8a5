// SPDX-License-Identifier: Apache-2.0
#include "kernels/avx512vnni/functions.h"
#include "kernels/avx512vnni/vec.h"
#include "kernels/constants.h"
#include "kernels/half.h"

namespace hearth::kernels::avx512vnni {

#include "kernels/generic/elementwise.inc"

}  // namespace hearth::kernels::avx512vnni
