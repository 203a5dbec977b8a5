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

}  // namespace hearth::engine
