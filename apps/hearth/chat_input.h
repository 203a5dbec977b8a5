// SPDX-License-Identifier: Apache-2.0
//
// What the user says in the chat: a line, or several between """, with a history that lasts from
// run to run.
#pragma once

#include <memory>
#include <string>

#include "line_reader.h"

namespace hearth::app {

class ChatInput {
 public:
  // history_path: empty where there is no place for one. A history that cannot be read or written
  // is said once and done without.
  ChatInput(std::unique_ptr<LineReader> reader, std::string history_path, bool keeps_history);

  TypedLine read();
  // Whether what is read from now on goes to the file.
  void keep_history(bool keeps) { keeps_history_ = keeps; }

 private:
  void remember(const std::string& text);

  std::unique_ptr<LineReader> reader_;
  std::string history_path_;
  bool keeps_history_;
};

}  // namespace hearth::app
