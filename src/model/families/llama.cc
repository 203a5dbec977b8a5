// SPDX-License-Identifier: Apache-2.0
//
// Llama 2 and 3.x, SmolLM2, Mistral 7B and the many models of their shape. GGUF files hold q and k
// rows permuted so that RoPE rotates neighbouring pairs. Llama 3.1 and later carry
// rope_freqs.weight.
#include "model/family.h"

namespace hearth::model {

extern const Family kLlama;
constexpr Family kLlama{
    .name = "Llama",
    .gguf_arch = "llama",
    .attention = {.rope = RopeStyle::interleaved,
                  .qkv_bias = Bias::if_present,
                  .out_bias = Bias::if_present},
    .ffn = {.bias = Bias::if_present},
    .source =
        "config.json of HuggingFaceTB/SmolLM2-135M-Instruct, meta-llama/Llama-3.2-1B and "
        "mistralai/Mistral-7B-Instruct-v0.2, as known on 2026-11-21",
};

}  // namespace hearth::model
