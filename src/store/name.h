// SPDX-License-Identifier: Apache-2.0
//
// Model names: what is one, which are near to a mistyped one, and what a file would be called.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hearth::store {

// [a-z0-9][a-z0-9._:-]{0,127}, not ending in .gguf, which would mean a path, and not starting as
// the models of the hub and of other programs do (hf:, ollama:, llama.cpp:, lmstudio:).
bool is_model_name(std::string_view name);
Result<void> check_model_name(std::string_view name);

// A name for a file: its last part without .gguf and shard number, in the characters of a name.
// "model" if nothing is left of it.
std::string name_for_file(std::string_view path);

// Up to three of the names that somebody who typed `wanted` may have meant, the nearest first.
std::vector<std::string> nearest_names(std::string_view wanted, std::span<const std::string> names);

}  // namespace hearth::store
