// SPDX-License-Identifier: Apache-2.0
#include "text/template_probe.h"

#include <algorithm>

namespace hearth::text {
namespace {

// Where the arguments of a call stand in the output.
struct Region {
  std::size_t begin = 0;
  std::size_t end = 0;
  ToolCallFormat::Arguments kind = ToolCallFormat::Arguments::unknown;
};

std::size_t skip_blank(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t')) ++at;
  return at;
}

std::size_t skip_blank_back(std::string_view text, std::size_t at) {
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\n' || text[at - 1] == '\t')) --at;
  return at;
}

// The object with the two arguments of the probe from a place on, in one of its spellings.
std::optional<Region> find_json(std::string_view text, std::size_t from, std::string_view quote) {
  const std::string key = std::string(quote) + std::string(kKeyWord) + std::string(quote);
  const std::string value = std::string(quote) + std::string(kSecondValueWord) + std::string(quote);
  const std::size_t at = text.find(key, from);
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t begin = skip_blank_back(text, at);
  const std::size_t last = text.find(value, at);
  if (begin == 0 || text[begin - 1] != '{' || last == std::string_view::npos) return std::nullopt;
  const std::size_t end = skip_blank(text, last + value.size());
  if (end >= text.size() || text[end] != '}') return std::nullopt;
  Region region{begin - 1, end + 1, ToolCallFormat::Arguments::json};
  if (quote.size() > 1) {
    region.kind = ToolCallFormat::Arguments::quoted_json;
    if (region.begin > 0 && text[region.begin - 1] == '"') --region.begin;
    if (region.end < text.size() && text[region.end] == '"') ++region.end;
  }
  return region;
}

Region find_arguments(std::string_view text, std::size_t from) {
  if (const auto json = find_json(text, from, "\"")) return *json;
  if (const auto quoted = find_json(text, from, "\\\"")) return *quoted;
  const std::size_t key = text.find(kKeyWord, from);
  const std::size_t last = text.find(kSecondValueWord, from);
  if (key == std::string_view::npos || last == std::string_view::npos) return {};
  return {key, last + kSecondValueWord.size(), ToolCallFormat::Arguments::pairs};
}

std::string between(std::string_view text, std::size_t begin, std::size_t end) {
  return begin < end ? std::string(text.substr(begin, end - begin)) : std::string();
}

}  // namespace

std::string Probe::render(const Json& messages, const Json& more) const {
  Json variables = common_.is_object() ? common_ : Json::object();
  variables["messages"] = messages;
  if (!variables.contains("add_generation_prompt")) variables["add_generation_prompt"] = false;
  for (const auto& [name, value] : more.items()) variables[name] = value;
  return template_.render(variables).value_or(std::string());
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

Json Probe::result(std::string_view name, std::string_view text, std::string_view id) {
  return {{"role", "tool"}, {"name", name}, {"tool_call_id", id}, {"content", text}};
}

Json Probe::tool(std::string_view name) {
  Json parameters = {
      {"type", "object"},
      {"properties", {{std::string(kKeyWord), {{"type", "string"}, {"description", "x"}}}}},
      {"required", Json::array({std::string(kKeyWord)})}};
  return {{"type", "function"},
          {"function", {{"name", name}, {"description", "x"}, {"parameters", parameters}}}};
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const auto [end, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(end - a.begin());
}

std::size_t common_suffix(std::string_view a, std::string_view b) {
  const auto [end, other] = std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend());
  return static_cast<std::size_t>(end - a.rbegin());
}

std::optional<ToolCallFormat> probe_tool_call(const Probe& probe) {
  const Json arguments = {{std::string(kKeyWord), kValueWord},
                          {std::string(kSecondKeyWord), kSecondValueWord}};
  // With text next to the call where that is printed, which shows where the call begins; else
  // without. Arguments as an object, or as text where the template wants that.
  const std::string plain = probe.render(Json::array({Probe::user(), Probe::answer()}));
  std::string text;
  Json calls;
  for (const Json& form : {arguments, Json(to_json_text(arguments))}) {
    for (const std::string_view words : {kAnswerWord, std::string_view()}) {
      calls = Json::array({Probe::call(kToolWord, form)});
      text = probe.render(Json::array({Probe::user(), Probe::calling(words, calls)}));
      if (shows(text, kToolWord) && shows(text, kValueWord)) break;
    }
    if (shows(text, kToolWord) && shows(text, kValueWord)) break;
  }
  const std::size_t name = text.find(kToolWord);
  if (name == std::string::npos) return std::nullopt;

  ToolCallFormat format;
  format.shows_id = shows(text, kCallId);
  std::size_t start = text.find(kAnswerWord);
  start = start == std::string::npos || start > name ? common_prefix(text, plain)
                                                     : start + kAnswerWord.size();
  const std::size_t name_end = name + kToolWord.size();
  const Region region = find_arguments(text, start);
  format.arguments = region.kind;
  format.before_name = between(text, start, name);
  if (region.kind == ToolCallFormat::Arguments::unknown) return format;
  format.name_comes_first = region.begin >= name_end;
  if (format.name_comes_first) format.name_to_arguments = between(text, name_end, region.begin);
  if (region.kind == ToolCallFormat::Arguments::pairs) {
    const std::size_t value = text.find(kValueWord, region.begin);
    const std::size_t key = text.find(kSecondKeyWord, region.begin);
    if (value != std::string::npos)
      format.key_to_value = between(text, region.begin + kKeyWord.size(), value);
    if (value != std::string::npos && key != std::string::npos)
      format.value_to_key = between(text, value + kValueWord.size(), key);
  }
  const std::size_t call_end = std::max(region.end, name_end);
  const std::size_t answer = plain.find(kAnswerWord);
  const std::string_view turn_end =
      answer == std::string::npos ? std::string_view()
                                  : std::string_view(plain).substr(answer + kAnswerWord.size());
  const std::string_view rest = std::string_view(text).substr(call_end);
  format.after_arguments =
      rest.substr(0, rest.size() - (rest.ends_with(turn_end) ? turn_end.size() : 0));

  calls.push_back(Probe::call(kSecondToolWord, calls[0]["function"]["arguments"], "zqid9999q"));
  const std::string_view words = shows(text, kAnswerWord) ? kAnswerWord : std::string_view();
  const std::string both = probe.render(Json::array({Probe::user(), Probe::calling(words, calls)}));
  const std::size_t second = both.find(kSecondToolWord);
  const std::size_t first_name = both.find(kToolWord);
  if (second != std::string::npos && first_name != std::string::npos && format.name_comes_first)
    format.between_calls = between(both, find_arguments(both, first_name).end, second);
  return format;
}

}  // namespace hearth::text
