// SPDX-License-Identifier: Apache-2.0
#include "text/template_probe.h"

#include <algorithm>

namespace hearth::text {
namespace {

// One probe is some hundred tokens long.
constexpr std::uint64_t kMaxStepsOfOne = 400'000;

}  // namespace

std::string Probe::render(const Json& messages, const Json& more) const {
  if (steps_ >= max_steps_) return {};
  Json variables = common_.is_object() ? common_ : Json::object();
  variables["messages"] = messages;
  if (!variables.contains("add_generation_prompt")) variables["add_generation_prompt"] = false;
  for (const auto& [name, value] : more.items()) variables[name] = value;
  std::uint64_t steps = 0;
  const RenderOptions options = {.max_steps = kMaxStepsOfOne, .steps = &steps};
  std::string text = template_.render(variables, options).value_or(std::string());
  steps_ += steps + 1000;  // what a render costs at least
  return text;
}

std::string Probe::prompt(const Json& messages, const Json& more) const {
  Json with = more;
  with["add_generation_prompt"] = true;
  const std::string on = render(messages, with);
  const std::string off = render(messages, more);
  return on.starts_with(off) ? on.substr(off.size()) : std::string();
}

Json Probe::list(std::initializer_list<Json> items) {
  Json out = Json::array();
  for (const Json& item : items) out.push_back(item);
  return out;
}

Json Probe::user() {
  return {{"role", "user"}, {"content", kUserWord}};
}

Json Probe::answer(std::string_view text) {
  return {{"role", "assistant"}, {"content", text}};
}

Json Probe::call(std::string_view name, const Json& arguments, std::string_view id) {
  return {
      {"id", id}, {"type", "function"}, {"function", {{"name", name}, {"arguments", arguments}}}};
}

Json Probe::calling(std::string_view text, const Json& calls) {
  return {{"role", "assistant"}, {"content", text}, {"tool_calls", calls}};
}

Json Probe::result() {
  return {
      {"role", "tool"}, {"name", kToolWord}, {"tool_call_id", kCallId}, {"content", kResultWord}};
}

Json Probe::tool() {
  Json parameters = {
      {"type", "object"},
      {"properties", {{std::string(kKeyWord), {{"type", "string"}, {"description", "x"}}}}},
      {"required", list({std::string(kKeyWord)})}};
  return {{"type", "function"},
          {"function", {{"name", kToolWord}, {"description", "x"}, {"parameters", parameters}}}};
}

Json Probe::arguments(bool as_object) {
  const Json object = {{std::string(kKeyWord), kValueWord}};
  return as_object ? object : Json(to_json_text(object));
}

bool shows(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

std::optional<std::string> between(std::string_view text, std::string_view from,
                                   std::string_view to) {
  const std::size_t end = text.find(to);
  if (end == std::string_view::npos) return std::nullopt;
  const std::size_t start = text.substr(0, end).rfind(from);
  if (start == std::string_view::npos) return std::nullopt;
  return std::string(text.substr(start + from.size(), end - start - from.size()));
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const auto [end, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const auto size = static_cast<std::size_t>(end - a.begin());
  const std::string_view same = a.substr(0, size);
  for (const std::string_view brackets : {"<>", "[]"}) {
    const std::size_t open = same.rfind(brackets[0]);
    if (open == std::string_view::npos || size == std::max(a.size(), b.size())) continue;
    const bool in_tag = same.find_first_of(std::string{brackets[1], '\n'}, open) == same.npos;
    if (in_tag) return open;
  }
  return size;
}

std::size_t common_suffix(std::string_view a, std::string_view b) {
  const auto [end, other] = std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend());
  const auto size = static_cast<std::size_t>(end - a.rbegin());
  const std::string_view same = a.substr(a.size() - size);
  if (size == a.size()) return size;
  for (const std::string_view brackets : {"<>", "[]"}) {
    const std::size_t first = same.find_first_of(brackets);
    if (first != std::string_view::npos && same[first] == brackets[1]) return size - first - 1;
  }
  return size;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace hearth::text
