// SPDX-License-Identifier: Apache-2.0
//
// What a chat template tells about its model. Nothing here knows a template by its name or looks
// for words in its source: probe conversations with words that occur nowhere else are rendered, and
// the output is looked at. A template that refuses a probe (raise_exception) says no to it; probing
// itself never fails, and ends early with what it has where a template makes it expensive.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "text/chat_template.h"

namespace hearth::text {

// How the template writes a call that an assistant made: the literal texts around its parts. In
// them {name} and {key} stand for a name and a key that come again, {id} for the call's id.
struct ToolCallFormat {
  enum class Arguments : std::uint8_t {
    json,         // {"key": "value"}
    quoted_json,  // "{\"key\": \"value\"}"
    pairs,        // key and value each between texts of their own: XML, name(key='value')...
    unknown,      // the values are printed, but not in one of these forms
  };
  Arguments arguments = Arguments::unknown;
  bool shows_id = false;
  // In the order of the output:
  std::string before_name;        // from the end of the assistant's own text
  std::string name_to_arguments;  // up to the opening brace, or to the first key of pairs
  std::string key_to_value;       // of pairs
  std::string value_to_key;       // of pairs: between one argument and the next
  std::string after_arguments;    // up to what ends a turn without a call as well
  std::string between_calls;      // from the arguments of a call to the name of the next; empty
                                  // where a turn has one call
};

// A variable beyond the usual ones that changes the output.
struct TemplateSwitch {
  std::string name;
  // Of those tried, the values whose output differs from absence's and from each other's.
  std::vector<Json> values;
  bool prints_value = false;      // any text goes, for it is printed
  bool changes_new_chat = false;  // already what a single user message makes
  bool changes_prompt = false;    // namely what comes after it, where the model goes on
};

// Where earlier reasoning goes.
struct ReasoningFormat {
  // Of the message: "reasoning_content", "thinking"... or "content" for a part of the content,
  // {"type": "thinking", "thinking": ...}.
  std::string field;
  bool shown_in_past_turns = false;    // before the last user message
  bool shown_in_current_turn = false;  // after it
  std::string before;                  // from the header of the turn to the reasoning
  std::string after;                   // from there to the answer or the call
};

// How the text after the last turn leaves it to the model whether it thinks.
enum class PromptThinking : std::uint8_t {
  untouched,  // nothing is written
  open,       // the reasoning has begun: what the model writes first belongs to it
  closed,     // an empty reasoning: the model answers at once
};

// The switch of thinking, and the values that turn it on and off as far as the output tells; null
// stands for leaving the variable out.
struct ThinkingSwitch {
  std::string name;
  std::optional<Json> on;
  std::optional<Json> off;
};

struct TemplateFacts {
  bool takes_system = false;  // the text of a system message is printed
  bool takes_text = false;    // the content of a message may be a string
  bool takes_parts = false;   // or a list of {"type": "text", "text": ...}
  bool takes_tools = false;
  bool takes_parallel_calls = false;
  bool takes_tool_results = false;
  bool takes_object_arguments = false;  // of a call, printed as an object
  bool takes_string_arguments = false;  // JSON text, printed as it is
  bool strips_inline_thinking = false;  // "<think>...</think>" in the content of past turns goes
  std::optional<ToolCallFormat> tool_call;  // none if calls are not printed
  std::optional<ReasoningFormat> reasoning;
  std::vector<TemplateSwitch> switches;
  std::optional<ThinkingSwitch> thinking_switch;
  PromptThinking prompt_thinking = PromptThinking::untouched;  // where no switch is set
  std::string generation_prompt;                               // what add_generation_prompt adds

  // Whether the model thinks in a way that the template knows of.
  bool takes_thinking() const {
    return reasoning || thinking_switch || strips_inline_thinking ||
           prompt_thinking != PromptThinking::untouched;
  }
};

// Some hundred times what the probes of a real template take.
inline constexpr std::uint64_t kMaxProbeSteps = 20'000'000;

// common: variables of every probe (bos_token and the like). A template is probed until its probes
// together took max_steps; what was not found out by then is as if the template refused it.
TemplateFacts probe_template(const ChatTemplate& chat_template, const Json& common = Json::object(),
                             std::uint64_t max_steps = kMaxProbeSteps);

// For people and programs: members named as the fields above.
Json to_json(const TemplateFacts& facts);

}  // namespace hearth::text
