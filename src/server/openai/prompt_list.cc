// SPDX-License-Identifier: Apache-2.0
#include "server/openai/prompt_list.h"

#include <fmt/format.h>

#include <limits>

#include "base/json.h"

namespace hearth::server {
namespace {

std::unexpected<ApiError> bad_prompt(std::string place, std::string message) {
  return std::unexpected(
      ApiError{ApiErrorKind::bad_request, std::move(message), std::move(place), {}});
}

std::expected<wire::Prompt, ApiError> read_token_ids(const Json& ids, const std::string& place) {
  wire::TokenPrompt prompt;
  prompt.ids.reserve(ids.size());
  for (const Json& id : ids) {
    const bool fits = id.is_number_integer() && id.get<std::int64_t>() >= 0 &&
                      id.get<std::int64_t>() <= std::numeric_limits<wire::TokenId>::max();
    if (!fits)
      return bad_prompt(place, fmt::format("'{}' is a list of token ids, which must be whole "
                                           "numbers from 0 on",
                                           place));
    prompt.ids.push_back(id.get<wire::TokenId>());
  }
  return prompt;
}

std::expected<wire::Prompt, ApiError> read_one_prompt(const Json& prompt, const std::string& place,
                                                      const PromptRules& rules) {
  if (prompt.is_string() &&
      (rules.takes_empty_text || !prompt.get_ref<const std::string&>().empty()))
    return wire::TextPrompt{.text = prompt.get<std::string>()};
  if (prompt.is_array() && !prompt.empty()) return read_token_ids(prompt, place);
  return bad_prompt(
      place, fmt::format("'{}' must be a text or a list of token ids, and not empty", place));
}

}  // namespace

std::expected<std::vector<wire::Prompt>, ApiError> read_prompts(const Json& given,
                                                                const PromptRules& rules) {
  const std::string field(rules.field);
  const bool is_many =
      given.is_array() && !given.empty() && (given.front().is_string() || given.front().is_array());
  std::vector<wire::Prompt> prompts;
  if (!is_many) {
    auto prompt = read_one_prompt(given, field, rules);
    if (!prompt) return std::unexpected(std::move(prompt.error()));
    prompts.push_back(std::move(*prompt));
    return prompts;
  }
  if (given.size() > rules.most)
    return bad_prompt(field, fmt::format("'{}' has {} elements; the most are {}", field,
                                         given.size(), rules.most));
  for (std::size_t i = 0; i < given.size(); ++i) {
    auto prompt = read_one_prompt(given[i], fmt::format("{}[{}]", field, i), rules);
    if (!prompt) return std::unexpected(std::move(prompt.error()));
    prompts.push_back(std::move(*prompt));
  }
  return prompts;
}

}  // namespace hearth::server
