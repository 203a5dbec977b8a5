// SPDX-License-Identifier: Apache-2.0
#include "show_template.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/escape.h"
#include "base/json.h"
#include "base/utf8.h"

namespace hearth::app {
namespace {

using text::ToolCallFormat;

std::string takes_text(const text::TemplateFacts& facts) {
  std::vector<std::string_view> takes;
  if (facts.takes_system) takes.push_back("system message");
  if (facts.takes_parts) takes.push_back("content in parts");
  if (facts.takes_tools) takes.push_back("tools");
  if (facts.tool_call)
    takes.push_back(facts.takes_parallel_calls ? "tool calls" : "one tool call a turn");
  if (facts.takes_tool_results) takes.push_back("tool results");
  if (facts.takes_thinking()) takes.push_back("thinking");
  return takes.empty() ? "turns alone" : fmt::format("{}", fmt::join(takes, ", "));
}

std::string setting(const std::string& name, const Json& value) {
  return value.is_null() ? "without " + name : name + "=" + to_json_text(value);
}

std::string thinking_text(const text::TemplateFacts& facts) {
  std::vector<std::string> parts;
  if (facts.prompt_thinking == text::PromptThinking::open)
    parts.emplace_back("begun by the prompt");
  if (facts.prompt_thinking == text::PromptThinking::closed) parts.emplace_back("off by default");
  if (const auto& found = facts.thinking_switch) {
    if (found->on) parts.push_back("on: " + setting(found->name, *found->on));
    if (found->off) parts.push_back("off: " + setting(found->name, *found->off));
    if (!found->on && !found->off) parts.push_back("set by " + found->name);
  }
  if (facts.reasoning) parts.push_back(facts.reasoning->before + "..." + facts.reasoning->after);
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string call_text(const ToolCallFormat& call) {
  std::string arguments = "{...}";
  if (call.arguments == ToolCallFormat::Arguments::quoted_json) arguments = "\"{...}\"";
  if (call.arguments == ToolCallFormat::Arguments::pairs)
    arguments = "KEY" + call.key_to_value + "VALUE" + call.value_to_key + "...";
  return call.before_name + "NAME" + call.name_to_arguments + arguments + call.after_arguments;
}

}  // namespace

ShownTemplate look_at_template(const format::Gguf& gguf, const text::Tokenizer* tokenizer) {
  ShownTemplate shown;
  shown.named = text::named_templates(gguf);
  Json tokens = Json::object();
  std::string source(
      gguf.get_string("tokenizer.chat_template").value_or(std::nullopt).value_or(""));
  shown.state = source.empty() ? "none" : fmt::format("{} bytes", source.size());
  if (tokenizer) {
    if (const auto bos = tokenizer->bos())
      tokens["bos_token"] = to_valid_utf8(tokenizer->spelling_of(*bos));
    if (const auto eos = tokenizer->eos())
      tokens["eos_token"] = to_valid_utf8(tokenizer->spelling_of(*eos));
    const auto chosen = text::choose_template(gguf, *tokenizer, "").value_or(std::nullopt);
    if (source.empty() && chosen) {
      source = chosen->source;
      shown.state = fmt::format("none; our {} fits the vocabulary", chosen->name);
    }
  }
  if (source.empty()) return shown;
  const auto parsed = text::ChatTemplate::parse(source);
  if (parsed)
    shown.facts = text::probe_template(*parsed, tokens);
  else
    shown.state = "broken: " + parsed.error().message;
  return shown;
}

Json to_json(const ShownTemplate& shown) {
  Json object;
  object["named"] = Json::array();
  for (const std::string& name : shown.named) object["named"].push_back(to_valid_utf8(name));
  if (shown.facts) object.update(text::to_json(*shown.facts));
  return object;
}

std::string to_text(const ShownTemplate& shown) {
  std::string text;
  const auto line = [&text](std::string_view label, const std::string& value) {
    if (!value.empty()) text += fmt::format("{:<16}{}\n", label, printable(value, 200));
  };
  line("chat template", shown.state);
  line("  named", fmt::format("{}", fmt::join(shown.named, ", ")));
  if (!shown.facts) return text;
  line("  takes", takes_text(*shown.facts));
  line("  thinking", thinking_text(*shown.facts));
  if (shown.facts->tool_call) line("  tool call", call_text(*shown.facts->tool_call));
  return text;
}

}  // namespace hearth::app
