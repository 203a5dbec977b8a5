// SPDX-License-Identifier: Apache-2.0
//
// Mixes at the places where their rules turn, worked out from the rules of llama.cpp by hand.
// Beyond these, every tensor of every shape of make-random under every mix of llama.cpp's was
// compared with what its llama_model_quantize chooses (dry_run, commit 0c1e57098; 2026-11-21): all
// the same, but for Q1_0 of a width that 128 does not divide, which it refuses.
#include "model/type_mix.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hearth::model {
namespace {

using format::TensorType;

TensorType type_of(const char* mix, MixedModel model, const std::string& tensor,
                   std::uint64_t width = 2048) {
  return type_in_mix(*find_type_mix(mix), model, tensor, width);
}

// The layers whose tensor gets the type.
std::vector<int> layers_with(const char* mix, MixedModel model, const std::string& tensor,
                             TensorType type) {
  std::vector<int> layers;
  for (int i = 0; i < static_cast<int>(model.n_layers); ++i) {
    const std::string name = "blk." + std::to_string(i) + "." + tensor + ".weight";
    if (type_of(mix, model, name) == type) layers.push_back(i);
  }
  return layers;
}

constexpr MixedModel kLlama1b{.n_layers = 16, .heads_per_kv_head = 4, .tied_output = true};
constexpr MixedModel kQwen{.n_layers = 28, .heads_per_kv_head = 2, .tied_output = true};
constexpr MixedModel kLlama8b{.n_layers = 32, .heads_per_kv_head = 4};

TEST(TypeMix, Q4_K_M_GivesMoreBitsToSomeLayers) {
  const std::vector<int> more = {0, 1, 4, 7, 10, 13, 14, 15};
  EXPECT_EQ(layers_with("Q4_K_M", kLlama1b, "attn_v", TensorType::q6_k), more);
  EXPECT_EQ(layers_with("Q4_K_M", kLlama1b, "ffn_down", TensorType::q6_k), more);
  EXPECT_EQ(layers_with("Q4_K_M", kLlama1b, "ffn_up", TensorType::q4_k).size(), 16u);
  EXPECT_EQ(type_of("Q4_K_M", kLlama1b, "token_embd.weight"), TensorType::q6_k);
  EXPECT_EQ(type_of("Q4_K_M", kLlama8b, "token_embd.weight"), TensorType::q4_k);
  EXPECT_EQ(type_of("Q4_K_M", kLlama8b, "output.weight"), TensorType::q6_k);
}

TEST(TypeMix, RulesByPlace) {
  EXPECT_EQ(layers_with("Q4_K_S", kLlama8b, "attn_v", TensorType::q5_k),
            (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(layers_with("Q4_K_S", kLlama1b, "ffn_down", TensorType::q5_k),
            (std::vector<int>{0, 1}));
  EXPECT_EQ(layers_with("Q3_K_M", kLlama8b, "ffn_down", TensorType::q5_k),
            (std::vector<int>{0, 1}));
  EXPECT_EQ(layers_with("Q3_K_M", kLlama8b, "ffn_down", TensorType::q4_k).size(), 30u);
  EXPECT_EQ(type_of("Q2_K", kLlama1b, "blk.3.attn_v.weight"), TensorType::q4_k);
  EXPECT_EQ(type_of("Q2_K", kQwen, "blk.3.attn_v.weight"), TensorType::q3_k);
  EXPECT_EQ(type_of("IQ4_XS", kLlama1b, "blk.9.attn_v.weight"), TensorType::q5_k);
  EXPECT_EQ(type_of("IQ4_XS", kQwen, "blk.9.attn_v.weight"), TensorType::iq4_xs);
  EXPECT_EQ(layers_with("IQ3_XS", kLlama1b, "ffn_gate", TensorType::iq3_s),
            (std::vector<int>{0, 1, 14, 15}));
  EXPECT_EQ(type_of("Q8_0", kLlama1b, "token_embd.weight"), TensorType::q8_0);
  EXPECT_EQ(type_of("F16", kLlama1b, "blk.0.attn_v.weight"), TensorType::f16);
  EXPECT_EQ(type_of("MXFP4_MOE", kLlama8b, "blk.0.ffn_up_exps.weight"), TensorType::mxfp4);
  EXPECT_EQ(type_of("MXFP4_MOE", kLlama8b, "blk.0.attn_q.weight"), TensorType::q8_0);
  EXPECT_EQ(type_of("Q4_K_M", kLlama8b, "blk.0.ffn_gate_inp.weight"), TensorType::f32);
}

// Experts follow the rules of the tensor that they are experts of.
TEST(TypeMix, Q4_K_M_OfExperts) {
  const MixedModel qwen{.n_layers = 12, .heads_per_kv_head = 8};
  const std::vector<int> more = {0, 3, 6, 9, 10, 11};
  EXPECT_EQ(layers_with("Q4_K_M", qwen, "attn_v", TensorType::q6_k), more);
  EXPECT_EQ(layers_with("Q4_K_M", qwen, "ffn_down_exps", TensorType::q6_k), more);
  EXPECT_EQ(layers_with("Q4_K_M", qwen, "ffn_up_exps", TensorType::q4_k).size(), 12u);
  EXPECT_EQ(layers_with("Q4_K_M", qwen, "ffn_gate_exps", TensorType::q4_k).size(), 12u);
}

// SmolLM2-135M is 576 wide, no multiple of 256.
TEST(TypeMix, NarrowModelsFallBack) {
  const MixedModel smollm{.n_layers = 30, .heads_per_kv_head = 3, .tied_output = true};
  EXPECT_EQ(type_of("Q4_K_M", smollm, "token_embd.weight", 576), TensorType::q8_0);
  EXPECT_EQ(type_of("Q4_K_M", smollm, "blk.0.attn_v.weight", 576), TensorType::q8_0);
  EXPECT_EQ(type_of("Q4_K_M", smollm, "blk.5.attn_v.weight", 576), TensorType::q8_0);
  EXPECT_EQ(type_of("Q4_K_M", smollm, "blk.3.attn_v.weight", 576), TensorType::q5_0);
  EXPECT_EQ(type_of("Q4_K_M", smollm, "blk.3.ffn_down.weight", 1536), TensorType::q4_k);
  EXPECT_EQ(type_of("IQ2_XXS", smollm, "token_embd.weight", 576), TensorType::q8_0);
  EXPECT_EQ(type_of("IQ2_XXS", smollm, "blk.3.ffn_up.weight", 576), TensorType::iq4_nl);
  EXPECT_EQ(type_of("Q3_K_M", smollm, "blk.3.ffn_up.weight", 576), TensorType::q4_0);
  EXPECT_EQ(type_of("Q4_K_M", smollm, "blk.3.ffn_up.weight", 100), TensorType::f16);
}

TEST(TypeMix, Names) {
  EXPECT_EQ(find_type_mix("q4_k_m"), find_type_mix("Q4_K_M"));
  EXPECT_EQ(find_type_mix("Q4_K_X"), nullptr);
  EXPECT_EQ(find_type_mix(""), nullptr);
  EXPECT_EQ(file_type_of(*find_type_mix("Q4_K_M")), 15u);
  EXPECT_EQ(name_of(*find_type_mix("iq2_xxs")), "IQ2_XXS");
  EXPECT_TRUE(type_mix_names().starts_with("F32 F16 "));
}

}  // namespace
}  // namespace hearth::model
