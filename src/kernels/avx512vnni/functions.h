// SPDX-License-Identifier: Apache-2.0
//
// The functions of the avx512vnni table.
#pragma once

#include "kernels/kernels.h"

namespace hearth::kernels::avx512vnni {

#include "kernels/functions.inc"

}  // namespace hearth::kernels::avx512vnni
