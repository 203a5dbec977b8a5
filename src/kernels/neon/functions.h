// SPDX-License-Identifier: Apache-2.0
//
// The functions of the neon table.
#pragma once

#include "kernels/kernels.h"

namespace hearth::kernels::neon {

#include "kernels/functions.inc"

}  // namespace hearth::kernels::neon
