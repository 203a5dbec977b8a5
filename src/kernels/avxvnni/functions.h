// SPDX-License-Identifier: Apache-2.0
//
// The functions of the avxvnni table: products of quantised weights. All the others are those of
// the avx2 table.
#pragma once

#include "kernels/kernels.h"

namespace hearth::kernels::avxvnni {

#define HEARTH_GROUP_TYPE(name, Decoder) void matmul_##name(const MatmulArgs& args);
#define HEARTH_SUPER_TYPE(name, Decoder) void matmul_##name(const MatmulArgs& args);
#include "kernels/types.inc"

extern const Kernels table;

}  // namespace hearth::kernels::avxvnni
