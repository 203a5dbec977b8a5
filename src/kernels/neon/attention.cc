// SPDX-License-Identifier: Apache-2.0
#include "kernels/constants.h"
#include "kernels/half.h"
#include "kernels/neon/functions.h"
#include "kernels/neon/vec.h"

namespace hearth::kernels::neon {

#include "kernels/generic/attention.inc"

}  // namespace hearth::kernels::neon
