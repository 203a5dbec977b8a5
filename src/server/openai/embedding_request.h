// SPDX-License-Identifier: Apache-2.0
//
// The body of POST /v1/embeddings, and what is answered: numbers as JSON, or as base64 of
// little-endian float32, which official clients ask for. Facts: openai-python's
// types/create_embedding_response.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <vector>

#include "server/schema.h"
#include "wire/messages.h"

namespace hearth::server {

struct EmbeddingRequest {
  std::string model;  // as asked for; empty: not said
  std::vector<wire::Prompt> inputs;
  bool is_list = false;  // "input" holds them, and not one of them
  bool as_base64 = false;
  std::uint32_t n_dims = 0;  // 0: all
};

std::span<const Field> embedding_fields();
std::expected<EmbeddingRequest, ApiError> read_embedding_request(const Json& body);

// The whole body; model is the name that is served.
std::string embedding_body(std::string_view model, std::span<const wire::Embedding> embeddings,
                           bool as_base64);

}  // namespace hearth::server
