// SPDX-License-Identifier: Apache-2.0
//
// Qwen3, dense, 0.6B to 32B: the Llama shape with a norm on each head of q and k, no biases, and a
// head size of its own (attention.key_length) apart from width / heads.
#include "model/family.h"

namespace hearth::model {

extern const Family kQwen3;
constexpr Family kQwen3{
    .name = "Qwen3",
    .gguf_arch = "qwen3",
    .attention = {.rope = RopeStyle::halves, .qk_norm = QkNorm::per_head},
    .source = "config.json of Qwen/Qwen3-0.6B, as known on 2026-11-21",
};

}  // namespace hearth::model
