// SPDX-License-Identifier: Apache-2.0
#include "text/template_facts.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "text/template_probe.h"

namespace hearth::text {
namespace {

using List = std::initializer_list<Json>;

Json list(List items) {
  Json out = Json::array();
  for (const Json& item : items) out.push_back(item);
  return out;
}

Json word_arguments() {
  return {{std::string(kKeyWord), kValueWord}};
}

void probe_content(const Probe& probe, TemplateFacts& facts) {
  facts.takes_text = shows(probe.render(list({Probe::user()})), kUserWord);
  const Json parts = list({{{"type", "text"}, {"text", kUserWord}}});
  const std::string text = probe.render(list({{{"role", "user"}, {"content", parts}}}));
  // A list that is printed as it stands was not understood.
  facts.takes_parts = shows(text, kUserWord) && !shows(text, "'type'") && !shows(text, "\"type\"");
  const Json system = {{"role", "system"}, {"content", kSystemWord}};
  facts.takes_system = shows(probe.render(list({system, Probe::user()})), kSystemWord);
}

void probe_tools(const Probe& probe, TemplateFacts& facts) {
  const Json tools = list({Probe::tool(kToolWord)});
  facts.takes_tools = shows(probe.render(list({Probe::user()}), {{"tools", tools}}), kToolWord);

  const auto conversation = [](const Json& arguments) {
    return list({Probe::user(), Probe::calling("", list({Probe::call(kToolWord, arguments)}))});
  };
  const std::string object = probe.render(conversation(word_arguments()));
  facts.takes_object_arguments = shows(object, kToolWord) && shows(object, kValueWord);
  const std::string as_text = probe.render(conversation(to_json_text(word_arguments())));
  const bool is_quoted_twice = shows(as_text, "\\\"" + std::string(kKeyWord));
  facts.takes_string_arguments =
      shows(as_text, kToolWord) && shows(as_text, kValueWord) && !is_quoted_twice;
  facts.tool_call = probe_tool_call(probe);
  facts.takes_tool_calls = facts.tool_call.has_value();

  const Json arguments =
      facts.takes_object_arguments ? word_arguments() : Json(to_json_text(word_arguments()));
  const Json one = Probe::call(kToolWord, arguments);
  const Json two = Probe::call(kSecondToolWord, arguments, "zqid9999q");
  const Json calls = list({one, two});
  const std::string both = probe.render(list({Probe::user(), Probe::calling("", calls)}));
  facts.takes_parallel_calls = shows(both, kToolWord) && shows(both, kSecondToolWord);
  facts.takes_tool_results =
      shows(probe.render(list({Probe::user(), Probe::calling("", list({one})), Probe::result()})),
            kResultWord);
}

std::optional<ReasoningFormat> probe_reasoning(const Probe& probe, const TemplateFacts& facts) {
  const Json arguments =
      facts.takes_object_arguments ? word_arguments() : Json(to_json_text(word_arguments()));
  for (const std::string_view field : {"reasoning_content", "reasoning", "thinking"}) {
    ReasoningFormat format;
    format.field = field;
    const auto past = [&](bool with_reasoning) {
      Json answer = Probe::answer();
      if (with_reasoning) answer[format.field] = kReasonWord;
      return probe.render(list({Probe::user(), answer, Probe::user()}));
    };
    const auto current = [&](bool with_reasoning) {
      Json answer = Probe::calling("", list({Probe::call(kToolWord, arguments)}));
      if (with_reasoning) answer[format.field] = kReasonWord;
      return probe.render(list({Probe::user(), answer, Probe::result()}));
    };
    const auto last = [&](bool with_reasoning) {
      Json answer = Probe::answer();
      if (with_reasoning) answer[format.field] = kReasonWord;
      return probe.render(list({Probe::user(), answer}));
    };
    format.shown_in_past_turns = shows(past(true), kReasonWord);
    format.shown_in_current_turn =
        shows(current(true), kReasonWord) || shows(last(true), kReasonWord);
    if (!format.shown_in_past_turns && !format.shown_in_current_turn) continue;
    std::string with;
    std::string without;
    if (with = last(true), without = last(false); !shows(with, kReasonWord)) {
      with = format.shown_in_past_turns ? past(true) : current(true);
      without = format.shown_in_past_turns ? past(false) : current(false);
    }
    const std::size_t at = with.find(kReasonWord);
    const std::size_t end = at + kReasonWord.size();
    const std::size_t prefix = std::min(common_prefix(with, without), at);
    const std::size_t suffix = std::min(common_suffix(with, without), with.size() - end);
    format.before = with.substr(prefix, at - prefix);
    format.after = with.substr(end, with.size() - suffix - end);
    return format;
  }
  return std::nullopt;
}

std::string prompt_of(const Probe& probe, const Json& more) {
  Json with = more;
  with["add_generation_prompt"] = true;
  const std::string on = probe.render(list({Probe::user()}), with);
  const std::string off = probe.render(list({Probe::user()}), more);
  return on.starts_with(off) ? on.substr(off.size()) : std::string();
}

bool is_usual(std::string_view name) {
  return name == "messages" || name == "tools" || name == "add_generation_prompt" ||
         name == "documents" || name.ends_with("_token");
}

void probe_switches(const ChatTemplate& chat_template, const Probe& probe, TemplateFacts& facts) {
  const std::array<Json, 9> values = {true,   false, "low", "medium", "high",
                                      "none", "on",  "off", "enabled"};
  const std::string plain_prompt = prompt_of(probe, Json::object());
  // Past reasoning and tools, so that whatever a switch acts on is there.
  Json answer = Probe::answer();
  for (const char* field : {"reasoning_content", "thinking"}) answer[field] = kReasonWord;
  const Json long_form = list({Probe::user(), answer, Probe::user()});
  const Json tools = list({Probe::tool(kToolWord)});
  const auto outputs = [&](Json more) {
    more["add_generation_prompt"] = true;
    std::string all =
        probe.render(list({Probe::user()}), more) + '\0' + probe.render(long_form, more);
    more["tools"] = tools;
    return all + '\0' + probe.render(list({Probe::user()}), more);
  };
  const std::string plain = outputs(Json::object());
  for (const std::string& name : chat_template.variable_names()) {
    if (is_usual(name)) continue;
    TemplateSwitch found{.name = name};
    for (const Json& value : values) {
      const Json more = {{name, value}};
      const std::string output = outputs(more);
      if (output == plain || output.size() <= 2) continue;  // the same, or refused throughout
      found.values.push_back(value);
      found.changes_prompt = found.changes_prompt || prompt_of(probe, more) != plain_prompt;
    }
    if (!found.values.empty()) facts.switches.push_back(std::move(found));
  }
  const auto rank = [](const TemplateSwitch& candidate) {
    const bool named = candidate.name.find("think") != std::string::npos ||
                       candidate.name.find("reason") != std::string::npos;
    return (named ? 2 : 0) + (candidate.changes_prompt ? 1 : 0);
  };
  int best = 0;
  for (std::size_t i = 0; i < facts.switches.size(); ++i) {
    if (rank(facts.switches[i]) <= best) continue;
    best = rank(facts.switches[i]);
    facts.thinking_switch = i;
  }
}

}  // namespace

TemplateFacts probe_template(const ChatTemplate& chat_template, const Json& common) {
  const Probe probe(chat_template, common);
  TemplateFacts facts;
  probe_content(probe, facts);
  probe_tools(probe, facts);
  facts.reasoning = probe_reasoning(probe, facts);
  const std::string inline_thinking =
      "<think>\n" + std::string(kReasonWord) + "\n</think>\n\n" + std::string(kAnswerWord);
  const std::string past =
      probe.render(list({Probe::user(), Probe::answer(inline_thinking), Probe::user()}));
  facts.strips_inline_thinking = shows(past, kAnswerWord) && !shows(past, kReasonWord);
  facts.generation_prompt = prompt_of(probe, Json::object());
  probe_switches(chat_template, probe, facts);
  return facts;
}

}  // namespace hearth::text
