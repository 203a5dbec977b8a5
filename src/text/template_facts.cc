// SPDX-License-Identifier: Apache-2.0
#include "text/template_facts.h"

#include <string_view>

#include "text/template_probe.h"

namespace hearth::text {
namespace {

void probe_content(const Probe& probe, TemplateFacts& facts) {
  facts.takes_text = shows(probe.render(Probe::list({Probe::user()})), kUserWord);
  const Json parts = Probe::list({{{"type", "text"}, {"text", kUserWord}}});
  const std::string text = probe.render(Probe::list({{{"role", "user"}, {"content", parts}}}));
  // A list that is printed as it stands was not understood.
  facts.takes_parts = shows(text, kUserWord) && !shows(text, "'type'") && !shows(text, "\"type\"");
  const Json system = {{"role", "system"}, {"content", kSystemWord}};
  facts.takes_system = shows(probe.render(Probe::list({system, Probe::user()})), kSystemWord);
}

void probe_tools(const Probe& probe, TemplateFacts& facts) {
  const Json tools = Probe::list({Probe::tool()});
  facts.takes_tools =
      shows(probe.render(Probe::list({Probe::user()}), {{"tools", tools}}), kToolWord);

  const auto conversation = [](const Json& arguments) {
    const Json calls = Probe::list({Probe::call(kToolWord, arguments)});
    return Probe::list({Probe::user(), Probe::calling("", calls)});
  };
  const std::string object = probe.render(conversation(Probe::arguments(true)));
  facts.takes_object_arguments = shows(object, kToolWord) && shows(object, kValueWord);
  const std::string as_text = probe.render(conversation(Probe::arguments(false)));
  const bool is_quoted_twice = shows(as_text, "\\\"" + std::string(kKeyWord));
  facts.takes_string_arguments =
      shows(as_text, kToolWord) && shows(as_text, kValueWord) && !is_quoted_twice;
  facts.tool_call = probe_tool_call(probe);
  facts.takes_parallel_calls = facts.tool_call && !facts.tool_call->between_calls.empty();
  const Json one = Probe::call(kToolWord, Probe::arguments(facts.takes_object_arguments));
  const Json calling = Probe::calling("", Probe::list({one}));
  facts.takes_tool_results =
      shows(probe.render(Probe::list({Probe::user(), calling, Probe::result()})), kResultWord);
}

std::string_view name_of(ToolCallFormat::Arguments arguments) {
  switch (arguments) {
    case ToolCallFormat::Arguments::json:
      return "json";
    case ToolCallFormat::Arguments::quoted_json:
      return "quoted json";
    case ToolCallFormat::Arguments::pairs:
      return "pairs";
    case ToolCallFormat::Arguments::unknown:
      break;
  }
  return "unknown";
}

std::string_view name_of(PromptThinking state) {
  switch (state) {
    case PromptThinking::open:
      return "open";
    case PromptThinking::closed:
      return "closed";
    case PromptThinking::untouched:
      break;
  }
  return "untouched";
}

Json to_json(const ToolCallFormat& format) {
  Json json = {{"arguments", std::string(name_of(format.arguments))},
               {"shows_id", format.shows_id},
               {"before_name", format.before_name},
               {"name_to_arguments", format.name_to_arguments}};
  if (format.arguments == ToolCallFormat::Arguments::pairs) {
    json["key_to_value"] = format.key_to_value;
    json["value_to_key"] = format.value_to_key;
  }
  json["after_arguments"] = format.after_arguments;
  json["between_calls"] = format.between_calls;
  return json;
}

}  // namespace

TemplateFacts probe_template(const ChatTemplate& chat_template, const Json& common,
                             std::uint64_t max_steps) {
  const Probe probe(chat_template, common, max_steps);
  TemplateFacts facts;
  probe_content(probe, facts);
  probe_tools(probe, facts);
  facts.generation_prompt = probe.prompt(Probe::list({Probe::user()}));
  probe_thinking(chat_template, probe, facts);
  return facts;
}

Json to_json(const TemplateFacts& facts) {
  Json json = {{"takes_system", facts.takes_system},
               {"takes_text", facts.takes_text},
               {"takes_parts", facts.takes_parts},
               {"takes_tools", facts.takes_tools},
               {"takes_tool_calls", facts.tool_call.has_value()},
               {"takes_parallel_calls", facts.takes_parallel_calls},
               {"takes_tool_results", facts.takes_tool_results},
               {"takes_object_arguments", facts.takes_object_arguments},
               {"takes_string_arguments", facts.takes_string_arguments},
               {"takes_thinking", facts.takes_thinking()},
               {"strips_inline_thinking", facts.strips_inline_thinking},
               {"prompt_thinking", std::string(name_of(facts.prompt_thinking))},
               {"generation_prompt", facts.generation_prompt}};
  if (facts.tool_call) json["tool_call"] = to_json(*facts.tool_call);
  if (facts.reasoning)
    json["reasoning"] = {{"field", facts.reasoning->field},
                         {"shown_in_past_turns", facts.reasoning->shown_in_past_turns},
                         {"shown_in_current_turn", facts.reasoning->shown_in_current_turn},
                         {"before", facts.reasoning->before},
                         {"after", facts.reasoning->after}};
  if (const auto& found = facts.thinking_switch) {
    json["thinking_switch"] = {{"name", found->name}};
    if (found->on) json["thinking_switch"]["on"] = *found->on;
    if (found->off) json["thinking_switch"]["off"] = *found->off;
  }
  json["switches"] = Json::array();
  for (const TemplateSwitch& found : facts.switches)
    json["switches"].push_back({{"name", found.name},
                                {"values", found.values},
                                {"prints_value", found.prints_value},
                                {"changes_new_chat", found.changes_new_chat},
                                {"changes_prompt", found.changes_prompt}});
  return json;
}

}  // namespace hearth::text
