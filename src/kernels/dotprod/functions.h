// SPDX-License-Identifier: Apache-2.0
//
// The functions of the dotprod table: products of quantised weights. All the others are those of
// the neon table.
#pragma once

#include "kernels/kernels.h"

namespace hearth::kernels::dotprod {

#define HEARTH_GROUP_TYPE(name, Decoder) void matmul_##name(const MatmulArgs& args);
#define HEARTH_SUPER_TYPE(name, Decoder) void matmul_##name(const MatmulArgs& args);
#include "kernels/types.inc"

extern const Kernels table;

}  // namespace hearth::kernels::dotprod
