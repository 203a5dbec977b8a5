// SPDX-License-Identifier: Apache-2.0
#include "kernels/decode/iq_grids.h"

namespace hearth::kernels {

#include "kernels/generated/iq_grids.inc"

}  // namespace hearth::kernels
