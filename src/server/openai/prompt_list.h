// SPDX-License-Identifier: Apache-2.0
//
// Prompts as OpenAI's routes take them beside conversations: a text, a list of token ids, or a list
// of either.
#pragma once

#include <cstddef>
#include <expected>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "server/api_error.h"
#include "wire/messages.h"

namespace hearth::server {

struct PromptRules {
  std::string_view field;  // that they stand in, for errors: "prompt", "input[3]"
  std::size_t most = 1024;
  bool takes_empty_text = true;
};

// At least one.
std::expected<std::vector<wire::Prompt>, ApiError> read_prompts(const Json& given,
                                                                const PromptRules& rules);

}  // namespace hearth::server
