// SPDX-License-Identifier: Apache-2.0
#include "kernels/avx2/functions.h"
#include "kernels/avx2/kv_lanes.h"
#include "kernels/constants.h"
#include "kernels/decode.h"
#include "kernels/half.h"
#include "kernels/kv_blocks.h"

namespace hearth::kernels::avx2 {

#include "kernels/generic/attention.inc"
#include "kernels/generic/store_kv.inc"

}  // namespace hearth::kernels::avx2
