// SPDX-License-Identifier: Apache-2.0
//
// The functions of the amx table: products of quantised weights with many tokens. All the others
// are those of the avx512vnni table, and so are these products for fewer tokens.
#pragma once

#include "kernels/kernels.h"

namespace hearth::kernels::amx {

// Not measured yet on such a CPU; by arithmetic. For 32 rows and 256 k, decoding and folding take
// some 1800 cycles (900 for avx512vnni, which folds nothing), each 32 tokens some 700 of tiles,
// where avx512vnni takes some 110 for each token: even at about 12 tokens. A tile is always 32.
inline constexpr size_t kLeastTokens = 32;

#define HEARTH_GROUP_TYPE(name, Decoder) void matmul_##name(const MatmulArgs& args);
#define HEARTH_SUPER_TYPE(name, Decoder) void matmul_##name(const MatmulArgs& args);
#include "kernels/types.inc"

extern const Kernels table;

}  // namespace hearth::kernels::amx
