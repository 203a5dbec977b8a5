// SPDX-License-Identifier: Apache-2.0
//
// From a request's prompt to token ids.
#pragma once

#include <vector>

#include "engine/loaded_model.h"
#include "engine/request.h"

namespace hearth::engine {

// usage for ids outside the vocabulary, template errors as the template raised them.
Result<std::vector<TokenId>> tokenize_prompt(const LoadedModel& model, const Prompt& prompt);

// The text that a chat comes to: by the model's template, or its messages joined.
Result<std::string> render_chat(const LoadedModel& model, const std::string& variables_json);

}  // namespace hearth::engine
