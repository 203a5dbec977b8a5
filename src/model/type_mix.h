// SPDX-License-Identifier: Apache-2.0
//
// Which tensor of a model gets which type in a file called "Q4_K_M" and the like: the mixes of
// llama.cpp, whose names users know, as data. A mix is a base type with exceptions for tensors that
// suffer more (attn_v, ffn_down, the output) and layers that matter more (the first and the last).
//
// Source: src/llama-quant.cpp of llama.cpp (ggml-org/llama.cpp, commit 0c1e57098), functions
// llama_tensor_get_type_impl, tensor_type_fallback, tensor_allows_quantization; numbers of file
// types from include/llama.h. For mixes that need no importance matrix, what it does without one;
// for the others (IQ3_XXS and below), what it does with one. Left out: its exceptions for Falcon,
// for models of 8 experts and for those of 70B.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "format/tensor_type.h"

namespace hearth::model {

struct TypeMix;  // a row of the table

// By name, upper or lower case; null if unknown. A type without a mix of its own counts as one.
const TypeMix* find_type_mix(std::string_view name);
// All names, divided by blanks, for help and errors.
std::string type_mix_names();

std::string_view name_of(const TypeMix& mix);
std::uint32_t file_type_of(const TypeMix& mix);  // for general.file_type

// What the rules ask about a model.
struct MixedModel {
  std::uint32_t n_layers = 0;
  std::uint32_t heads_per_kv_head = 1;
  bool tied_output = false;  // the embedding serves as output too
};

// The type of a matrix of width inputs (dims[0]); name as in GGUF files. Where rows of that width
// do not divide into blocks, the type that llama.cpp falls back to.
format::TensorType type_in_mix(const TypeMix& mix, const MixedModel& model, std::string_view tensor,
                               std::uint64_t width);

}  // namespace hearth::model
