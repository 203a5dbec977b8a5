// SPDX-License-Identifier: Apache-2.0
//
// Qwen2 and Qwen2.5, dense: the Llama shape with a bias on q, k and v.
#include "model/family.h"

namespace hearth::model {

extern const Family kQwen2;
constexpr Family kQwen2{
    .name = "Qwen2",
    .gguf_arch = "qwen2",
    .attention = {.rope = RopeStyle::halves, .qkv_bias = Bias::required},
    .source = "config.json of Qwen/Qwen2.5-0.5B-Instruct, as known on 2026-11-21",
};

}  // namespace hearth::model
