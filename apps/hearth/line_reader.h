// SPDX-License-Identifier: Apache-2.0
//
// Lines from a person at a terminal: with editing and history through libedit where the terminal
// can do it, plainly elsewhere. Prompts and what is typed appear on standard error. Used by one
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace hearth::app {

struct TypedLine {
  enum class End : std::uint8_t {
    entered,
    interrupted,  // Ctrl-C; text is what had been typed
    end,          // Ctrl-D on an empty line, or the terminal is gone
  };
  End end = End::entered;
  std::string text;  // UTF-8, without its newline; a paste may bring newlines inside
};

// A signal that came just before poll() is noticed after this at the latest.
inline constexpr int kSignalPollMs = 250;

class LineReader {
 public:
  virtual ~LineReader() = default;
  virtual TypedLine read(const char* prompt) = 0;
  // Makes a text one that the up arrow brings back.
  virtual void remember(const std::string& text) = 0;
};

// The one that suits standard input, standard error and TERM. Editing uses the whole process's
// character locale and, while a line is read, handles its signals that stop or end it, so that the
// terminal is left as it was found.
std::unique_ptr<LineReader> make_line_reader();

// edit_reader.cc: null if libedit cannot use the terminal.
std::unique_ptr<LineReader> make_edit_reader();

}  // namespace hearth::app
