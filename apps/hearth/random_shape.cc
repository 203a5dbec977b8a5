// SPDX-License-Identifier: Apache-2.0
#include "random_shape.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

namespace hearth::app {
namespace {

using format::TensorType;

// Read from config.json of meta-llama/Llama-3.2-1B, meta-llama/Llama-3.2-3B,
// meta-llama/Llama-3.1-8B, HuggingFaceTB/SmolLM2-135M, Qwen/Qwen3-0.6B and Qwen/Qwen3-30B-A3B, as
// known on 2026-11-21. The last has 48 layers; 12 of them fit into the memory of small machines.
constexpr RandomShape kShapes[] = {
    {.name = "llama-1b",
     .model = "Llama-3.2-1B",
     .arch = "llama",
     .n_layers = 16,
     .n_embd = 2048,
     .n_heads = 32,
     .n_kv_heads = 8,
     .head_dim = 64,
     .n_ff = 8192,
     .n_vocab = 128256,
     .n_ctx = 131072,
     .rope_base = 500000,
     .rms_epsilon = 1e-5f,
     .tied_output = true,
     .rope_factor = 32},
    {.name = "llama-3b",
     .model = "Llama-3.2-3B",
     .arch = "llama",
     .n_layers = 28,
     .n_embd = 3072,
     .n_heads = 24,
     .n_kv_heads = 8,
     .head_dim = 128,
     .n_ff = 8192,
     .n_vocab = 128256,
     .n_ctx = 131072,
     .rope_base = 500000,
     .rms_epsilon = 1e-5f,
     .tied_output = true,
     .rope_factor = 32},
    {.name = "llama-8b",
     .model = "Llama-3.1-8B",
     .arch = "llama",
     .n_layers = 32,
     .n_embd = 4096,
     .n_heads = 32,
     .n_kv_heads = 8,
     .head_dim = 128,
     .n_ff = 14336,
     .n_vocab = 128256,
     .n_ctx = 131072,
     .rope_base = 500000,
     .rms_epsilon = 1e-5f,
     .tied_output = false,
     .rope_factor = 8},
    {.name = "smollm-135m",
     .model = "SmolLM2-135M",
     .arch = "llama",
     .n_layers = 30,
     .n_embd = 576,
     .n_heads = 9,
     .n_kv_heads = 3,
     .head_dim = 64,
     .n_ff = 1536,
     .n_vocab = 49152,
     .n_ctx = 8192,
     .rope_base = 100000,
     .rms_epsilon = 1e-5f,
     .tied_output = true},
    {.name = "qwen3-0.6b",
     .model = "Qwen3-0.6B",
     .arch = "qwen3",
     .n_layers = 28,
     .n_embd = 1024,
     .n_heads = 16,
     .n_kv_heads = 8,
     .head_dim = 128,
     .n_ff = 3072,
     .n_vocab = 151936,
     .n_ctx = 40960,
     .rope_base = 1000000,
     .rms_epsilon = 1e-6f,
     .tied_output = true,
     .has_qk_norm = true},
    {.name = "qwen3-30b-a3b-12l",
     .model = "Qwen3-30B-A3B with 12 layers",
     .arch = "qwen3moe",
     .n_layers = 12,
     .n_embd = 2048,
     .n_heads = 32,
     .n_kv_heads = 4,
     .head_dim = 128,
     .n_ff = 6144,
     .n_vocab = 151936,
     .n_ctx = 40960,
     .rope_base = 1000000,
     .rms_epsilon = 1e-6f,
     .tied_output = false,
     .has_qk_norm = true,
     .n_experts = 128,
     .n_experts_used = 8,
     .n_expert_ff = 768},
};

// Llama 3's divisors of the rotary frequencies: 1 for short waves, the factor for long ones, a
// blend between. Source: rope_type "llama3" in transformers' modeling_rope_utils.py, with the low
// and high factors 1 and 4 and the original context of 8192 that all its models have.
std::vector<float> rope_divisors(const RandomShape& shape) {
  constexpr double kOriginalContext = 8192, kLowFactor = 1, kHighFactor = 4;
  std::vector<float> divisors;
  for (std::uint32_t i = 0; i < shape.head_dim; i += 2) {
    const double wave =
        2 * std::numbers::pi *
        std::pow(double{shape.rope_base}, double{static_cast<double>(i)} / shape.head_dim);
    const double turns = kOriginalContext / wave;  // of this wave in the original context
    const double share = (turns - kLowFactor) / (kHighFactor - kLowFactor);
    const double blend = std::fmin(std::fmax(share, 0.0), 1.0);
    divisors.push_back(static_cast<float>(1 / (blend + (1 - blend) / double{shape.rope_factor})));
  }
  return divisors;
}

class TensorList {
 public:
  TensorList(const RandomShape& shape, const model::TypeMix& mix)
      : mix_(mix), model_{shape.n_layers, shape.n_heads / shape.n_kv_heads, shape.tied_output} {}

  // Deviations keep activations near 1: a sum of n terms is divided by the root of n.
  void matrix(std::string name, std::uint64_t n_in, std::uint64_t n_out,
              std::uint64_t n_experts = 0, float gain = 1) {
    const TensorType type = model::type_in_mix(mix_, model_, name, n_in);
    std::vector<std::uint64_t> dims = {n_in, n_out};
    if (n_experts != 0) dims.push_back(n_experts);
    list_.push_back({.write = {std::move(name), type, std::move(dims)},
                     .deviation = gain / std::sqrt(static_cast<float>(n_in))});
  }
  void norm(std::string name, std::uint64_t n) {
    list_.push_back(
        {.write = {std::move(name), TensorType::f32, {n}}, .deviation = 0.2f, .mean = 1});
  }
  void exactly(std::string name, std::vector<float> values) {
    list_.push_back({.write = {std::move(name), TensorType::f32, {values.size()}},
                     .values = std::move(values)});
  }
  std::vector<RandomTensor> take() { return std::move(list_); }

 private:
  const model::TypeMix& mix_;
  model::MixedModel model_;
  std::vector<RandomTensor> list_;
};

}  // namespace

std::span<const RandomShape> random_shapes() {
  return kShapes;
}

std::vector<RandomTensor> random_tensors(const RandomShape& shape, const model::TypeMix& mix) {
  constexpr float kPeaked = 2;  // logits that are not all alike
  const std::uint64_t n = shape.n_embd, n_q = std::uint64_t{shape.n_heads} * shape.head_dim,
                      n_kv = std::uint64_t{shape.n_kv_heads} * shape.head_dim;
  TensorList list(shape, mix);
  if (!shape.tied_output) list.matrix("output.weight", n, shape.n_vocab, 0, kPeaked);
  list.norm("output_norm.weight", n);
  if (shape.rope_factor != 0) list.exactly("rope_freqs.weight", rope_divisors(shape));
  list.matrix("token_embd.weight", n, shape.n_vocab, 0, kPeaked);
  for (std::uint32_t i = 0; i < shape.n_layers; ++i) {
    const auto name = [i](std::string_view of) { return fmt::format("blk.{}.{}.weight", i, of); };
    list.norm(name("attn_norm"), n);
    list.matrix(name("attn_q"), n, n_q);
    list.matrix(name("attn_k"), n, n_kv);
    list.matrix(name("attn_v"), n, n_kv);
    list.matrix(name("attn_output"), n_q, n);
    if (shape.has_qk_norm) {
      list.norm(name("attn_q_norm"), shape.head_dim);
      list.norm(name("attn_k_norm"), shape.head_dim);
    }
    list.norm(name("ffn_norm"), n);
    if (shape.n_experts == 0) {
      list.matrix(name("ffn_gate"), n, shape.n_ff);
      list.matrix(name("ffn_up"), n, shape.n_ff);
      list.matrix(name("ffn_down"), shape.n_ff, n);
    } else {
      list.matrix(name("ffn_gate_inp"), n, shape.n_experts);
      list.matrix(name("ffn_gate_exps"), n, shape.n_expert_ff, shape.n_experts);
      list.matrix(name("ffn_up_exps"), n, shape.n_expert_ff, shape.n_experts);
      list.matrix(name("ffn_down_exps"), shape.n_expert_ff, n, shape.n_experts);
    }
  }
  return list.take();
}

std::vector<format::WriteKeyValue> random_metadata(const RandomShape& shape,
                                                   const model::TypeMix& mix) {
  const std::string arch(shape.arch);
  std::vector<format::WriteKeyValue> metadata = {
      {"general.architecture", arch},
      {"general.name", fmt::format("random weights in the shape of {}", shape.model)},
      {"general.file_type", model::file_type_of(mix)},
      {"general.quantization_version", std::uint32_t{2}},
      {arch + ".block_count", shape.n_layers},
      {arch + ".context_length", shape.n_ctx},
      {arch + ".embedding_length", shape.n_embd},
      {arch + ".feed_forward_length", shape.n_ff},
      {arch + ".attention.head_count", shape.n_heads},
      {arch + ".attention.head_count_kv", shape.n_kv_heads},
      {arch + ".attention.key_length", shape.head_dim},
      {arch + ".attention.value_length", shape.head_dim},
      {arch + ".attention.layer_norm_rms_epsilon", shape.rms_epsilon},
      {arch + ".rope.freq_base", shape.rope_base},
      {arch + ".rope.dimension_count", shape.head_dim},
      {arch + ".vocab_size", shape.n_vocab},
  };
  if (shape.n_experts != 0) {
    metadata.push_back({arch + ".expert_count", shape.n_experts});
    metadata.push_back({arch + ".expert_used_count", shape.n_experts_used});
    metadata.push_back({arch + ".expert_feed_forward_length", shape.n_expert_ff});
  }
  return metadata;
}

}  // namespace hearth::app
