// SPDX-License-Identifier: Apache-2.0
//
// The body of POST /v1/chat/completions. What a chat template gets to see of it: the messages, with
// texts in parts joined, and chat_template_kwargs; reasoning_effort goes to the template under its
// own name, and switches the reasoning of models whose template has a switch.
#pragma once

#include <expected>

#include "server/openai/generation_fields.h"

namespace hearth::server {

// The request, its prompt included. thinking: what the model's template knows of reasoning.
std::expected<GenerationRequest, ApiError> read_chat_request(const Json& body,
                                                             const wire::ThinkingFacts& thinking);

// The variables of the chat template, for /apply-template too. body has passed its check.
std::expected<Json, ApiError> chat_variables(const Json& body, const wire::ThinkingFacts& thinking);

}  // namespace hearth::server
