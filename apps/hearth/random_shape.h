// SPDX-License-Identifier: Apache-2.0
//
// The shapes of real models for files of random weights: sizes as data, and from them the tensors
// and metadata that a GGUF file of such a model has.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/gguf_writer.h"
#include "model/type_mix.h"

namespace hearth::app {

struct RandomShape {
  std::string_view name;   // "llama-1b"
  std::string_view model;  // whose shape it is
  std::string_view arch;   // general.architecture
  std::uint32_t n_layers, n_embd, n_heads, n_kv_heads, head_dim, n_ff, n_vocab, n_ctx;
  float rope_base, rms_epsilon;
  bool tied_output;
  float rope_factor = 0;     // Llama 3's scaling (rope_freqs.weight); 0: none
  bool has_qk_norm = false;  // Qwen3
  std::uint32_t n_experts = 0, n_experts_used = 0, n_expert_ff = 0;
};

std::span<const RandomShape> random_shapes();

// One tensor: what it is called, its type and size, and what its values are drawn from.
struct RandomTensor {
  format::WriteTensor write;
  float deviation = 1, mean = 0;
  std::vector<float> values = {};  // exactly these instead, if not empty
};

// In the order of files that llama.cpp's converter writes.
std::vector<RandomTensor> random_tensors(const RandomShape& shape, const model::TypeMix& mix);

// Everything but the tokenizer.
std::vector<format::WriteKeyValue> random_metadata(const RandomShape& shape,
                                                   const model::TypeMix& mix);

}  // namespace hearth::app
