// SPDX-License-Identifier: Apache-2.0
#include "server/openai/completion_request.h"

#include <fmt/format.h>

#include "base/json.h"
#include "server/openai/prompt_list.h"

namespace hearth::server {
namespace {

constexpr std::size_t kMaxPrompts = 1024;
constexpr std::size_t kMaxCompletions = 1024;

std::unexpected<ApiError> too_many(const CompletionRequest& request) {
  return std::unexpected(
      ApiError{ApiErrorKind::bad_request,
               fmt::format("{} prompts with {} answers each are more than {} answers",
                           request.prompts.size(), request.common.n_choices, kMaxCompletions),
               "prompt",
               {}});
}

}  // namespace

std::expected<CompletionRequest, ApiError> read_completion_request(const Json& body) {
  if (auto error = check_fields(body, completion_fields(), UnknownFields::refuse))
    return std::unexpected(std::move(*error));
  CompletionRequest request;
  auto common = read_generation(body);
  if (!common) return std::unexpected(std::move(common.error()));
  request.common = std::move(*common);
  auto prompts = read_prompts(body.at("prompt"), {.field = "prompt", .most = kMaxPrompts});
  if (!prompts) return std::unexpected(std::move(prompts.error()));
  request.prompts = std::move(*prompts);
  if (request.prompts.size() * request.common.n_choices > kMaxCompletions) return too_many(request);
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
