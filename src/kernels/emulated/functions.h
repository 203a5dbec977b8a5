// SPDX-License-Identifier: Apache-2.0
//
// Tables whose special instructions are replaced by plain code, so that the rest of them is tested
// on machines without these. For tests alone: they are part of no library.
#pragma once

#include "kernels/kernels.h"

namespace hearth::kernels {

namespace amx_emulated {  // tiles alone; runs where avx512vnni does
inline constexpr TokensByForm least_tokens = {kLeastBlockedTokens, kLeastBlockedTokens};
#define HEARTH_GROUP_TYPE(name, Decoder) void matmul_##name(const MatmulArgs& args);
#define HEARTH_SUPER_TYPE(name, Decoder) void matmul_##name(const MatmulArgs& args);
#include "kernels/types.inc"
extern const Kernels table;
}  // namespace amx_emulated

namespace amx_all_emulated {  // tiles and vectors: the same source again; runs where avx2 does
extern const Kernels table;
}  // namespace amx_all_emulated

namespace avx512vnni_emulated {  // runs where avx2 does
extern const Kernels table;
}  // namespace avx512vnni_emulated

namespace avxvnni_emulated {  // runs where avx2 does
#define HEARTH_GROUP_TYPE(name, Decoder) void matmul_##name(const MatmulArgs& args);
#define HEARTH_SUPER_TYPE(name, Decoder) void matmul_##name(const MatmulArgs& args);
#include "kernels/types.inc"
extern const Kernels table;
}  // namespace avxvnni_emulated

}  // namespace hearth::kernels
