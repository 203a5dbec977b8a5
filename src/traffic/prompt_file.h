// SPDX-License-Identifier: Apache-2.0
//
// Prompts from a file instead of random words: a JSON object a line. "prompt" is the text and
// "output_tokens", where it is there, how many tokens to ask for (the form of vLLM's custom data
// set); or "conversations" is a list whose first "value" is the text (that of ShareGPT).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hearth::traffic {

struct FilePrompt {
  std::string text;
  std::optional<std::uint32_t> n_output;
};

// usage, with the line, for what has neither; empty lines are passed over.
Result<std::vector<FilePrompt>> parse_prompts(std::string_view lines);

}  // namespace hearth::traffic
