// SPDX-License-Identifier: Apache-2.0
#include "kernels/constants.h"
#include "kernels/decode.h"
#include "kernels/half.h"
#include "kernels/kv_blocks.h"
#include "kernels/neon/functions.h"
#include "kernels/neon/kv_lanes.h"

namespace hearth::kernels::neon {

#include "kernels/generic/attention.inc"
#include "kernels/generic/store_kv.inc"

}  // namespace hearth::kernels::neon
