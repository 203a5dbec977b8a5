// SPDX-License-Identifier: Apache-2.0
//
// Storing keys and values in blocks, the same for every table: encoded as encode.h does, a key then
// goes to its lane of the packed panel.
#pragma once

#include "kernels/kernels.h"

namespace hearth::kernels {

inline constexpr size_t kMostHeadDim = 4096;  // of a head in blocks; k_dim and v_dim are checked

WeightType kv_weight_type(KvType type);

void store_key_blocks(const float* key, size_t k_dim, KvType type, void* panel, size_t slot);
void store_value_blocks(const float* value, size_t v_dim, KvType type, void* panel, size_t slot);

}  // namespace hearth::kernels
