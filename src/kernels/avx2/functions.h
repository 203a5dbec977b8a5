// SPDX-License-Identifier: Apache-2.0
//
// The functions of the avx2 table.
#pragma once

#include "kernels/kernels.h"

namespace hearth::kernels::avx2 {

#include "kernels/functions.inc"

}  // namespace hearth::kernels::avx2
