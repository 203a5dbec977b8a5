// SPDX-License-Identifier: Apache-2.0
#include "server/openai/completion_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace hearth::server {
namespace {

constexpr std::size_t kMaxPrompts = 1024;
constexpr std::size_t kMaxCompletions = 1024;

std::unexpected<ApiError> bad_prompt(std::string message) {
  return std::unexpected(ApiError{ApiErrorKind::bad_request, std::move(message), "prompt", {}});
}

std::expected<wire::Prompt, ApiError> read_tokens(const Json& ids) {
  wire::TokenPrompt prompt;
  prompt.ids.reserve(ids.size());
  for (const Json& id : ids) {
    const bool fits = id.is_number_integer() && id.get<std::int64_t>() >= 0 &&
                      id.get<std::int64_t>() <= std::numeric_limits<wire::TokenId>::max();
    if (!fits) return bad_prompt("a list of token ids must hold whole numbers from 0 on");
    prompt.ids.push_back(id.get<wire::TokenId>());
  }
  return prompt;
}

std::expected<wire::Prompt, ApiError> read_prompt(const Json& prompt) {
  if (prompt.is_string()) return wire::TextPrompt{.text = prompt.get<std::string>()};
  if (prompt.is_array() && !prompt.empty()) return read_tokens(prompt);
  return bad_prompt("a prompt must be a text or a list of token ids, and not empty");
}

std::expected<std::vector<wire::Prompt>, ApiError> read_prompts(const Json& given) {
  const bool is_many =
      given.is_array() && !given.empty() && (given.front().is_string() || given.front().is_array());
  std::vector<wire::Prompt> prompts;
  if (!is_many) {
    auto prompt = read_prompt(given);
    if (!prompt) return std::unexpected(std::move(prompt.error()));
    prompts.push_back(std::move(*prompt));
    return prompts;
  }
  if (given.size() > kMaxPrompts)
    return bad_prompt(fmt::format("{} prompts; the most are {}", given.size(), kMaxPrompts));
  for (const Json& one : given) {
    auto prompt = read_prompt(one);
    if (!prompt) return std::unexpected(std::move(prompt.error()));
    prompts.push_back(std::move(*prompt));
  }
  return prompts;
}

}  // namespace

std::expected<CompletionRequest, ApiError> read_completion_request(const Json& body) {
  if (auto error = check_fields(body, completion_fields(), UnknownFields::refuse))
    return std::unexpected(std::move(*error));
  CompletionRequest request;
  auto common = read_generation(body);
  if (!common) return std::unexpected(std::move(common.error()));
  request.common = std::move(*common);
  auto prompts = read_prompts(body.at("prompt"));
  if (!prompts) return std::unexpected(std::move(prompts.error()));
  request.prompts = std::move(*prompts);
  if (request.prompts.size() * request.common.n_choices > kMaxCompletions)
    return bad_prompt(fmt::format("{} prompts with {} answers each are more than {} answers",
                                  request.prompts.size(), request.common.n_choices,
                                  kMaxCompletions));
  if (const Json* echo = member(body, "echo")) request.echoes = echo->get<bool>();
  if (const Json* n = member(body, "logprobs")) request.n_logprobs = n->get<int>();
  wire::Submit& submit = request.common.submit;
  // OpenAI's default of this route; -1 asks for as many as come.
  constexpr std::int32_t kDefaultTokens = 16;
  if (member(body, "max_tokens") == nullptr && member(body, "n_predict") == nullptr)
    submit.max_tokens = kDefaultTokens;
  if (request.n_logprobs >= 0) {
    request.common.sampling["logprobs"] = true;
    request.common.sampling["n_probs"] = request.n_logprobs;
    if (request.echoes) submit.n_prompt_logprobs = request.n_logprobs;
  }
  return request;
}

}  // namespace hearth::server
