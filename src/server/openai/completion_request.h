// SPDX-License-Identifier: Apache-2.0
//
// The body of POST /v1/completions: prompts as text or token ids, one or many, and "echo", with
// which the prompt and its log probabilities come before the answer, as evaluation harnesses ask
// for them.
#pragma once

#include <expected>
#include <vector>

#include "server/openai/generation_fields.h"

namespace hearth::server {

struct CompletionRequest {
  GenerationRequest common;
  std::vector<wire::Prompt> prompts;  // answers of prompt i are choices n * i .. n * i + n - 1
  bool echoes = false;
  int n_logprobs = -1;  // -1: none asked for
};

std::expected<CompletionRequest, ApiError> read_completion_request(const Json& body);

}  // namespace hearth::server
