// SPDX-License-Identifier: Apache-2.0
//
// The functions of the amx table: products of quantised weights with many tokens. All the others
// are those of the avx512vnni table, and so are these products for fewer tokens.
#pragma once

#include "kernels/kernels.h"

namespace hearth::kernels::amx {

// From so many tokens on tiles compute. Before a trial has said (trial.h), by arithmetic: for 32
// rows and 256 k of the form q8_256, decoding and folding take some 1800 cycles (900 for
// avx512vnni, which folds nothing), each 32 tokens some 600 of tiles, where avx512vnni takes some
// 110 for each token. Written before any thread computes, never after.
extern TokensByForm least_tokens;

#define HEARTH_GROUP_TYPE(name, Decoder) void matmul_##name(const MatmulArgs& args);
#define HEARTH_SUPER_TYPE(name, Decoder) void matmul_##name(const MatmulArgs& args);
#include "kernels/types.inc"

extern const Kernels table;

}  // namespace hearth::kernels::amx
