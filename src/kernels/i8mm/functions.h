// SPDX-License-Identifier: Apache-2.0
//
// The functions of the i8mm table: products of quantised weights with many tokens. All the others
// are those of the neon table, and these products for fewer tokens those of dotprod.
#pragma once

#include "kernels/kernels.h"

namespace hearth::kernels::i8mm {

#define HEARTH_GROUP_TYPE(name, Decoder) void matmul_##name(const MatmulArgs& args);
#define HEARTH_SUPER_TYPE(name, Decoder) void matmul_##name(const MatmulArgs& args);
#include "kernels/types.inc"

extern const Kernels table;

}  // namespace hearth::kernels::i8mm
