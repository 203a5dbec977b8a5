// SPDX-License-Identifier: Apache-2.0
//
// What a chat template tells about its model. Nothing here knows a template by name or by its
// source: probe conversations with words that occur nowhere else are rendered, and the output is
// looked at. A template that refuses a probe (raise_exception) says no to it; probing itself never
// fails.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "text/chat_template.h"

namespace hearth::text {

// How the template writes a call that an assistant made: what stands around the name and the
// arguments.
struct ToolCallFormat {
  enum class Arguments : std::uint8_t {
    json,         // {"key": "value"}
    quoted_json,  // "{\"key\": \"value\"}"
    pairs,        // key and value each between texts of their own
    unknown,
  };
  Arguments arguments = Arguments::unknown;
  bool name_comes_first = true;
  bool shows_id = false;
  // In the order of the output, for a name before its arguments:
  std::string before_name;        // from the end of the assistant's own text
  std::string name_to_arguments;  // up to the opening brace, or to the first key of pairs
  std::string key_to_value;       // of pairs
  std::string value_to_key;       // of pairs: between one argument and the next
  std::string after_arguments;    // up to what ends the turn without a call as well
  std::string between_calls;  // from the arguments of one call to the name of the next; empty if
                              // not parallel
};

// A variable beyond the usual ones that changes the output.
struct TemplateSwitch {
  std::string name;
  std::vector<Json> values;  // those of the tried ones that print something else than absence does
  bool changes_prompt = false;  // also what comes after the last turn, where the model goes on
};

// Where earlier reasoning goes.
struct ReasoningFormat {
  std::string field;                   // of the message: "reasoning_content", "thinking"...
  bool shown_in_past_turns = false;    // before the last user message
  bool shown_in_current_turn = false;  // after it, with tool calls
  std::string before;                  // around the reasoning, as far as it comes and goes with it
  std::string after;
};

struct TemplateFacts {
  bool takes_system = false;  // the text of a system message is printed
  bool takes_text = false;    // the content of a message may be a string
  bool takes_parts = false;   // or a list of {"type": "text", "text": ...}
  bool takes_tools = false;
  bool takes_tool_calls = false;
  bool takes_parallel_calls = false;
  bool takes_tool_results = false;
  bool takes_object_arguments = false;  // of a call, printed as an object
  bool takes_string_arguments = false;  // JSON text, printed as it is
  bool strips_inline_thinking = false;  // "<think>...</think>" in the content of past turns goes
  std::optional<ToolCallFormat> tool_call;
  std::optional<ReasoningFormat> reasoning;
  std::vector<TemplateSwitch> switches;
  // The switch that turns thinking on and off, by its effect and, among several, by its name.
  std::optional<std::size_t> thinking_switch;
  std::string generation_prompt;  // what add_generation_prompt adds
};

// common: variables of every probe (bos_token and the like).
TemplateFacts probe_template(const ChatTemplate& chat_template,
                             const Json& common = Json::object());

}  // namespace hearth::text
