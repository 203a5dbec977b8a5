// SPDX-License-Identifier: Apache-2.0
//
// Where reasoning goes, which variables switch what, and what state of thinking the prompt is in.
#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "text/template_probe.h"

namespace hearth::text {
namespace {

constexpr std::size_t kMaxSwitches = 24;
constexpr std::string_view kContentField = "content";

// One assistant turn with reasoning or without.
class ReasoningProbe {
 public:
  ReasoningProbe(const Probe& probe, const TemplateFacts& facts, std::string field,
                 const Json& more)
      : probe_(probe),
        object_arguments_(facts.takes_object_arguments),
        field_(std::move(field)),
        more_(more) {}

  std::string past(bool with) const {
    return probe_.render(
        Probe::list({Probe::user(), turn(with), {{"role", "user"}, {"content", "x"}}}), more_);
  }
  std::string last(bool with) const {
    return probe_.render(Probe::list({Probe::user(), turn(with)}), more_);
  }
  std::string calling(bool with) const {
    const Json call = Probe::call(kToolWord, Probe::arguments(object_arguments_));
    Json message = Probe::calling("", Probe::list({call}));
    if (with) add_reasoning(message);
    return probe_.render(Probe::list({Probe::user(), message, Probe::result()}), more_);
  }

 private:
  void add_reasoning(Json& message) const {
    if (field_ == kContentField) {
      const Json thinking = {{"type", "thinking"}, {"thinking", kReasonWord}};
      const Json text = {{"type", "text"}, {"text", message["content"]}};
      message["content"] = Probe::list({thinking, text});
    } else {
      message[field_] = kReasonWord;
    }
  }

  Json turn(bool with) const {
    Json message = Probe::answer();
    if (with) add_reasoning(message);
    return message;
  }

  const Probe& probe_;
  bool object_arguments_;
  std::string field_;
  const Json& more_;
};

// The last tag of a text, or all of it.
std::string last_tag(std::string_view text) {
  const std::size_t open = trimmed(text).find_last_of("<[");
  const std::string_view core = trimmed(text);
  if (open == std::string_view::npos) return std::string(core);
  return std::string(core.substr(open)) + std::string(text.substr(text.find(core) + core.size()));
}

// The first tag of a text, or all of it.
std::string_view first_tag(std::string_view text) {
  const std::string_view core = trimmed(text);
  if (core.empty() || (core[0] != '<' && core[0] != '[')) return core;
  const std::size_t end = core.find(core[0] == '<' ? '>' : ']');
  return end == std::string_view::npos ? core : core.substr(0, end + 1);
}

// Fills in what stands around the reasoning. What leads to it begins with the header of the turn;
// that header is what it shares with a turn, or a prompt, that has no reasoning. Where all of those
// have an empty reasoning the last tag has to do.
void find_texts(const ReasoningProbe& turns, const Probe& probe, const Json& more,
                ReasoningFormat& format) {
  std::string with = turns.last(true);
  std::string_view follower = kAnswerWord;
  if (!shows(with, kReasonWord)) with = turns.past(true);
  if (!shows(with, kReasonWord)) {
    with = turns.calling(true);
    follower = kToolWord;
  }
  const auto lead = between(with, kUserWord, kReasonWord);
  const auto rest = between(with, kReasonWord, follower);
  if (!lead || !rest) return;
  // Beginnings of a turn without reasoning, and of the one that the prompt begins.
  std::vector<std::string> headers;
  for (const std::string& without : {turns.last(false), turns.past(false)})
    if (const auto header = between(without, kUserWord, kAnswerWord)) headers.push_back(*header);
  if (const auto header = between(turns.calling(false), kUserWord, kToolWord))
    headers.push_back(*header);
  Json prompted = more;
  prompted["add_generation_prompt"] = true;
  const std::string chat = probe.render(Probe::list({Probe::user()}), prompted);
  const std::size_t user = chat.rfind(kUserWord);
  const std::string prompt = user == std::string::npos ? "" : chat.substr(user + kUserWord.size());
  std::size_t shortest = prompt.empty() ? lead->size() : common_prefix(*lead, prompt);
  std::size_t shared_end = 0;
  for (const std::string& header : headers) {
    shortest = std::min(shortest, common_prefix(*lead, header));
    shared_end = std::max(shared_end, common_suffix(*rest, header));
  }
  // What an answer without reasoning begins with as well is not the end of the reasoning, unless
  // that answer has an empty one.
  if (shared_end < rest->size())
    format.after = rest->substr(0, rest->size() - shared_end);
  else
    format.after = follower == kAnswerWord ? *rest : std::string(first_tag(*rest));
  if (shortest < lead->size()) {
    format.before = lead->substr(shortest);
    return;
  }
  const std::string_view close = first_tag(format.after);
  const bool has_empty_one = std::any_of(headers.begin(), headers.end(),
                                         [&](const auto& header) { return shows(header, close); });
  // Written by nobody but the prompt, or not at all; or always written.
  if (has_empty_one)
    format.before = last_tag(*lead);
  else if (prompt.starts_with(*lead))
    format.before = prompt.substr(lead->size());
}

std::optional<ReasoningFormat> probe_reasoning(const Probe& probe, const TemplateFacts& facts,
                                               const Json& more) {
  for (const char* field : {"reasoning_content", "reasoning", "thinking", "thought", "content"}) {
    ReasoningFormat format;
    format.field = field;
    const ReasoningProbe turns(probe, facts, field, more);
    const auto shown = [](const std::string& text) {
      return shows(text, kReasonWord) && !shows(text, "'type'") && !shows(text, "\"type\"");
    };
    format.shown_in_past_turns = shown(turns.past(true));
    format.shown_in_current_turn = shown(turns.last(true)) || shown(turns.calling(true));
    if (!format.shown_in_past_turns && !format.shown_in_current_turn) continue;
    find_texts(turns, probe, more, format);
    return format;
  }
  return std::nullopt;
}

bool is_usual(std::string_view name) {
  return name == "messages" || name == "tools" || name == "add_generation_prompt" ||
         name == "documents" || name.ends_with("_token");
}

// What a variable can do: the outputs of a new chat, with a prompt, of a longer one with past
// reasoning, and of one with tools.
struct Outputs {
  std::string chat, prompt, past, tools;
  bool operator==(const Outputs&) const = default;
  bool operator<(const Outputs& other) const {
    return std::tie(chat, prompt, past, tools) <
           std::tie(other.chat, other.prompt, other.past, other.tools);
  }
  bool refused() const { return chat.empty() && past.empty() && tools.empty(); }
};

Outputs outputs_of(const Probe& probe, Json more) {
  Outputs outputs;
  outputs.prompt = probe.prompt(Probe::list({Probe::user()}), more);
  more["add_generation_prompt"] = true;
  outputs.chat = probe.render(Probe::list({Probe::user()}), more);
  Json answer = Probe::answer();
  for (const char* field : {"reasoning_content", "thinking"}) answer[field] = kReasonWord;
  outputs.past = probe.render(Probe::list({Probe::user(), answer, Probe::user()}), more);
  more["tools"] = Probe::list({Probe::tool()});
  outputs.tools = probe.render(Probe::list({Probe::user()}), more);
  return outputs;
}

std::vector<Json> values_to_try(const ChatTemplate& chat_template) {
  std::vector<Json> values = {true, false, 0, 512, "none", "low", "medium", "high"};
  for (const std::string& text : chat_template.compared_texts())
    if (std::find(values.begin(), values.end(), Json(text)) == values.end()) values.push_back(text);
  if (values.size() > 40) values.resize(40);
  return values;
}

std::vector<TemplateSwitch> probe_switches(const ChatTemplate& chat_template, const Probe& probe) {
  const std::vector<Json> values = values_to_try(chat_template);
  const Outputs plain = outputs_of(probe, Json::object());
  std::vector<TemplateSwitch> switches;
  for (const std::string& name : chat_template.variable_names()) {
    if (is_usual(name) || switches.size() == kMaxSwitches) continue;
    TemplateSwitch found{.name = name};
    std::set<Outputs> seen = {plain};
    const auto note = [&](const Outputs& outputs) {
      found.changes_new_chat = found.changes_new_chat || outputs.chat != plain.chat;
      found.changes_prompt = found.changes_prompt || outputs.prompt != plain.prompt;
    };
    const Outputs word = outputs_of(probe, {{name, kFlagWord}});
    found.prints_value = shows(word.chat, kFlagWord) || shows(word.tools, kFlagWord);
    if (found.prints_value) note(word);
    for (const Json& value : values) {
      if (found.prints_value && value.is_string()) continue;
      Outputs outputs = outputs_of(probe, {{name, value}});
      if (outputs.refused() || !seen.insert(outputs).second) continue;
      note(outputs);
      found.values.push_back(value);
    }
    if (found.prints_value || !found.values.empty()) switches.push_back(std::move(found));
  }
  return switches;
}

class PromptState {
 public:
  PromptState(const Probe& probe, const TemplateFacts& facts) : probe_(probe) {
    if (facts.reasoning) {
      open_ = last_tag(facts.reasoning->before);
      open_ = trimmed(open_);
      close_ = first_tag(facts.reasoning->after);
    } else if (facts.strips_inline_thinking) {
      open_ = "<think>";
      close_ = "</think>";
    }
  }

  PromptThinking with(Json more) const {
    more["add_generation_prompt"] = true;
    const std::string chat = probe_.render(Probe::list({Probe::user()}), more);
    const std::size_t user = chat.rfind(kUserWord);
    if (open_.empty() || close_.empty() || user == std::string::npos)
      return PromptThinking::untouched;
    const std::string_view prompt = std::string_view(chat).substr(user + kUserWord.size());
    const std::size_t open = prompt.rfind(open_);
    const std::size_t close = prompt.rfind(close_);
    const bool closes = close != std::string_view::npos;
    if (open != std::string_view::npos && (!closes || close < open)) return PromptThinking::open;
    // The tag that ends a reasoning may be one that ends any turn.
    const bool is_empty_block = open != std::string_view::npos || trimmed(prompt).ends_with(close_);
    return closes && is_empty_block ? PromptThinking::closed : PromptThinking::untouched;
  }

 private:
  const Probe& probe_;
  std::string open_, close_;
};

bool is_about_thinking(std::string_view name) {
  return shows(name, "think") || shows(name, "reason");
}

// By what it does to the prompt, and where that shows nothing by its name.
std::optional<ThinkingSwitch> choose_switch(const PromptState& state, const TemplateFacts& facts) {
  std::optional<ThinkingSwitch> best;
  int best_rank = 1;
  for (const TemplateSwitch& candidate : facts.switches) {
    if (!candidate.changes_new_chat) continue;
    ThinkingSwitch found{.name = candidate.name, .on = {}, .off = {}};
    const bool is_off = facts.prompt_thinking == PromptThinking::closed;
    for (const Json& value : candidate.values) {
      const bool closes = state.with({{candidate.name, value}}) == PromptThinking::closed;
      std::optional<Json>& wanted = is_off ? found.on : found.off;
      if (closes != is_off && !wanted) wanted = value;
    }
    if (found.on || found.off) (is_off ? found.off : found.on) = Json(nullptr);
    // The prompt shows nothing, but true does something and false what leaving it out does.
    const bool is_plain_flag =
        !candidate.prints_value && candidate.values == std::vector<Json>{true};
    if (!found.on && is_plain_flag && is_about_thinking(candidate.name)) {
      found.on = true;
      found.off = Json(nullptr);
    }
    const int rank = (found.on ? 4 : 0) + (is_about_thinking(candidate.name) ? 2 : 0) +
                     (candidate.changes_prompt ? 1 : 0);
    if (rank <= best_rank) continue;
    best_rank = rank;
    best = std::move(found);
  }
  return best;
}

}  // namespace

void probe_thinking(const ChatTemplate& chat_template, const Probe& probe, TemplateFacts& facts) {
  const std::string inline_thinking =
      "<think>\n" + std::string(kReasonWord) + "\n</think>\n\n" + std::string(kAnswerWord);
  const std::string past =
      probe.render(Probe::list({Probe::user(), Probe::answer(inline_thinking), Probe::user()}));
  facts.strips_inline_thinking = shows(past, kAnswerWord) && !shows(past, kReasonWord);
  facts.reasoning = probe_reasoning(probe, facts, Json::object());
  facts.switches = probe_switches(chat_template, probe);
  // Some show reasoning only where a switch is set.
  for (const TemplateSwitch& candidate : facts.switches) {
    if (facts.reasoning) break;
    for (const Json& value : candidate.values)
      if (!facts.reasoning)
        facts.reasoning = probe_reasoning(probe, facts, {{candidate.name, value}});
  }
  const PromptState state(probe, facts);
  facts.prompt_thinking = state.with(Json::object());
  facts.thinking_switch = choose_switch(state, facts);
}

}  // namespace hearth::text
