// SPDX-License-Identifier: Apache-2.0
//
// The functions of the scalar table, for its own units and for tables that keep some of them.
#pragma once

#include "kernels/kernels.h"

namespace hearth::kernels::scalar {

#include "kernels/functions.inc"

#define HEARTH_DEQUANTIZE(name) void dequantize_##name(const void* row, size_t k, float* out);
#define HEARTH_FLOAT_TYPE(name) HEARTH_DEQUANTIZE(name)
#define HEARTH_GROUP_TYPE(name, Decoder) HEARTH_DEQUANTIZE(name)
#define HEARTH_SUPER_TYPE(name, Decoder) HEARTH_DEQUANTIZE(name)
#include "kernels/types.inc"
#undef HEARTH_DEQUANTIZE

float tanh(float x);

}  // namespace hearth::kernels::scalar
