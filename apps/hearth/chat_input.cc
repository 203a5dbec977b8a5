// SPDX-License-Identifier: Apache-2.0
#include "chat_input.h"

#include <fmt/format.h>

#include <utility>

#include "chat_commands.h"
#include "chat_history.h"

namespace hearth::app {

ChatInput::ChatInput(std::unique_ptr<LineReader> reader, std::string history_path,
                     bool keeps_history)
    : reader_(std::move(reader)),
      history_path_(std::move(history_path)),
      keeps_history_(keeps_history) {
  if (!keeps_history_ || history_path_.empty()) return;
  const auto entries = load_history(history_path_);
  if (!entries) {
    fmt::print(stderr, "hearth: no history: {}\n", entries.error().message);
    history_path_.clear();
    return;
  }
  for (const std::string& entry : *entries) reader_->remember(entry);
}

TypedLine ChatInput::read() {
  TypedLine line = reader_->read(">>> ");
  while (line.end == TypedLine::End::entered && wants_more_lines(line.text)) {
    TypedLine more = reader_->read("... ");
    line.text += "\n" + more.text;
    line.end = more.end;
  }
  if (line.end == TypedLine::End::entered) remember(line.text);
  return line;
}

void ChatInput::remember(const std::string& text) {
  if (text.find_first_not_of(" \t\n") == std::string::npos) return;
  reader_->remember(text);
  if (!keeps_history_ || history_path_.empty()) return;
  if (const auto added = add_to_history(history_path_, text); !added) {
    fmt::print(stderr, "hearth: the history is not kept: {}\n", added.error().message);
    history_path_.clear();
  }
}

}  // namespace hearth::app
