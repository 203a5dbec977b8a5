// SPDX-License-Identifier: Apache-2.0
//
// An OpenAI server, and what it is asked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace hearth::traffic {

struct Target {
  std::string base_url;  // "http://127.0.0.1:8080/v1"
  std::string model;
  std::string api_key;      // empty: none
  bool is_chat = false;     // /chat/completions instead of /completions
  bool ignores_end = true;  // "ignore_eos", which vLLM, llama-server and Hearth know
  Json extra;               // fields that are added to each request: an object, or null

  std::string url() const;
  std::vector<std::string> headers() const;
  // A greedy request for so many tokens, streamed, with its usage.
  std::string body(const std::string& prompt, std::uint32_t n_output) const;
};

// "127.0.0.1:8080", with or without scheme, a slash at its end and "/v1": the base of the API.
// usage for what cannot be an address.
Result<std::string> parse_base_url(std::string_view text);

// The first model that the server lists. failed, or not_found where it lists none.
Result<std::string> find_model(const Target& target);

}  // namespace hearth::traffic
