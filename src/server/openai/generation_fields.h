// SPDX-License-Identifier: Apache-2.0
//
// The fields of the bodies of /v1/chat/completions and /v1/completions, as tables (schema.h), and
// what both have in common. Sampling has llama.cpp's names; their ranges are the engine's to check
// (sample/fields.h), before anything is computed.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>

#include "base/json.h"
#include "server/schema.h"
#include "wire/messages.h"

namespace hearth::server {

std::span<const Field> chat_fields();
std::span<const Field> completion_fields();

// What both routes read alike.
struct GenerationRequest {
  std::string model;    // as asked for; empty: not said
  wire::Submit submit;  // but for the prompt, the sampling and the id
  Json sampling = Json::object();
  std::uint32_t n_choices = 1;
  bool streams = false;
  bool includes_usage = false;        // a last chunk with the usage
  std::optional<bool> caches_prompt;  // none: as the model is served
};

// From a body that has passed its table's check. `logprobs` differs between the routes and is not
// looked at.
std::expected<GenerationRequest, ApiError> read_generation(const Json& body);

// A member that is there and not null.
const Json* member(const Json& object, std::string_view name);

}  // namespace hearth::server
