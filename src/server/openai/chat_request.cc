// SPDX-License-Identifier: Apache-2.0
#include "server/openai/chat_request.h"

#include <fmt/format.h>

#include "base/json.h"

namespace hearth::server {
namespace {

constexpr std::string_view kRoles[] = {"system", "developer", "user", "assistant", "tool"};

// Members of a message that are somebody else's, who echoes an answer back, are passed over.
constexpr Field kMessageFields[] = {
    {.name = "role", .types = kString, .is_required = true, .values = kRoles},
    {.name = "content", .types = kString | kArray},
    {.name = "reasoning_content", .types = kString},
    {.name = "name", .types = kString},
    {.name = "tool_calls", .types = kArray},
    {.name = "tool_call_id", .types = kString},
};
constexpr std::string_view kPassedOn[] = {"reasoning_content", "name", "tool_calls",
                                          "tool_call_id"};

constexpr Field kPartFields[] = {
    {.name = "type", .types = kString, .is_required = true},
    {.name = "text", .types = kString},
};

std::unexpected<ApiError> bad_message(std::string param, std::string message,
                                      ApiErrorKind kind = ApiErrorKind::bad_request) {
  return std::unexpected(ApiError{kind, std::move(message), std::move(param), {}});
}

// Templates want one text; several parts are lines of it.
std::expected<std::string, ApiError> join_parts(const Json& parts, const std::string& place) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string at = fmt::format("{}[{}]", place, i);
    if (auto error = check_fields(parts[i], kPartFields, UnknownFields::ignore, at))
      return std::unexpected(std::move(*error));
    const std::string type = parts[i].at("type").get<std::string>();
    if (type != "text" && type != "input_text" && type != "output_text" && type != "refusal")
      return bad_message(
          at + ".type",
          fmt::format("{}: parts of type '{}' are not supported; this model reads text", at,
                      type.substr(0, 40)),
          ApiErrorKind::not_supported);
    const Json* part = member(parts[i], type == "refusal" ? "refusal" : "text");
    if (part == nullptr || !part->is_string())
      return bad_message(at + ".text", at + " has no text");
    if (i > 0) text += '\n';
    text += part->get<std::string>();
  }
  return text;
}

std::expected<Json, ApiError> read_message(const Json& message, const std::string& place) {
  if (auto error = check_fields(message, kMessageFields, UnknownFields::ignore, place))
    return std::unexpected(std::move(*error));
  const std::string role = message.at("role").get<std::string>();
  Json out = Json::object();
  out["role"] = role == "developer" ? "system" : role;  // the newer name for the same thing
  const Json* content = member(message, "content");
  if (content == nullptr) {
    if (role != "assistant") return bad_message(place + ".content", place + " has no content");
    out["content"] = "";
  } else if (content->is_string()) {
    out["content"] = *content;
  } else {
    auto text = join_parts(*content, place + ".content");
    if (!text) return std::unexpected(std::move(text.error()));
    out["content"] = std::move(*text);
  }
  for (const std::string_view name : kPassedOn)
    if (const Json* value = member(message, name)) out[std::string(name)] = *value;
  return out;
}

// How much to reason, for templates with a level and for those with a switch. A switch that the
// request sets itself stays as it is.
void set_effort(const std::string& effort, const wire::ThinkingFacts& thinking, Json& variables) {
  if (!variables.contains("reasoning_effort")) variables["reasoning_effort"] = effort;
  if (thinking.switch_name.empty() || variables.contains(thinking.switch_name)) return;
  const auto value = parse_json(effort == "none" ? thinking.off_json : thinking.on_json);
  if (value && !value->is_null()) variables[thinking.switch_name] = *value;
}

}  // namespace

std::expected<Json, ApiError> chat_variables(const Json& body,
                                             const wire::ThinkingFacts& thinking) {
  Json variables = Json::object();
  Json& messages = variables["messages"] = Json::array();
  const Json& given = body.at("messages");
  for (std::size_t i = 0; i < given.size(); ++i) {
    auto message = read_message(given[i], fmt::format("messages[{}]", i));
    if (!message) return std::unexpected(std::move(message.error()));
    messages.push_back(std::move(*message));
  }
  const Json* const prompts = member(body, "add_generation_prompt");
  variables["add_generation_prompt"] = prompts == nullptr || prompts->get<bool>();
  if (const Json* extra = member(body, "chat_template_kwargs")) {
    for (const auto& [name, value] : extra->items()) {
      if (name == "messages")
        return bad_message("chat_template_kwargs.messages",
                           "chat_template_kwargs may not replace the messages");
      variables[name] = value;
    }
  }
  if (const Json* effort = member(body, "reasoning_effort"))
    set_effort(effort->get<std::string>(), thinking, variables);
  return variables;
}

std::expected<GenerationRequest, ApiError> read_chat_request(const Json& body,
                                                             const wire::ThinkingFacts& thinking) {
  if (auto error = check_fields(body, chat_fields(), UnknownFields::refuse))
    return std::unexpected(std::move(*error));
  auto request = read_generation(body);
  if (!request) return request;
  auto variables = chat_variables(body, thinking);
  if (!variables) return std::unexpected(std::move(variables.error()));
  request->submit.prompt = wire::ChatPrompt{to_json_text(*variables)};

  const Json* const format = member(body, "reasoning_format");
  const std::string how = format == nullptr ? "auto" : format->get<std::string>();
  if (how != "auto" && how != "none" && how != "deepseek")
    return bad_message("reasoning_format", "reasoning_format must be auto, deepseek or none");
  request->submit.split_reasoning = how != "none";

  const Json* const wants = member(body, "logprobs");
  const Json* const n_top = member(body, "top_logprobs");
  const bool has_logprobs = wants != nullptr && wants->get<bool>();
  if (n_top != nullptr && !has_logprobs && n_top->get<int>() > 0)
    return bad_message("top_logprobs", "top_logprobs goes with \"logprobs\": true");
  if (has_logprobs) {
    request->sampling["logprobs"] = true;
    request->sampling["n_probs"] = n_top == nullptr ? Json(0) : *n_top;
  }
  return request;
}

}  // namespace hearth::server
