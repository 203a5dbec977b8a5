// SPDX-License-Identifier: Apache-2.0
//
// What a line of the chat means: a message or a command. Spelled as Ollama's users know it. Plain
// functions on text: no terminal, no state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hearth::app {

struct ChatCommand {
  enum class Kind : std::uint8_t {
    nothing,  // an empty line
    message,  // value
    help,
    bye,
    clear,
    retry,
    system,     // value; empty: the template's own
    parameter,  // name and value
    set,        // name: one of the switches
    show,       // name: info, parameters, system, template
    save,       // value: a name or path
    load,       // value
  };
  Kind kind = Kind::nothing;
  std::string name = {}, value = {};
  bool operator==(const ChatCommand&) const = default;
};

// A text between two """ is a message (or a system message), whatever is in it; so is every text of
// several lines, and one whose first word is no command's name but a path. usage, with what is
// meant or what there is, for a command that is not one.
Result<ChatCommand> parse_chat_text(std::string_view text);

// Whether a """ has been opened and not yet closed, so that the next line belongs to this text.
bool wants_more_lines(std::string_view text);

// What /help prints.
std::string_view chat_help();

}  // namespace hearth::app
