// SPDX-License-Identifier: Apache-2.0
//
// How an answer is shown while it streams: reasoning dimmed or left out, markdown styled, nothing
// in it that a terminal would obey. Text in, text out; writing is the caller's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "markdown.h"
#include "terminal_text.h"
#include "text/reasoning_splitter.h"

namespace hearth::app {

struct ViewOptions {
  bool on_terminal = false;  // keep control bytes away from it
  bool colour = false;       // dim the reasoning
  bool markdown = false;     // style it, where colour is on
  bool hide_thinking = false;
};

class AnswerView {
 public:
  // marks: nothing where the model's reasoning is not known; is_thinking: the prompt has begun it.
  AnswerView(const ViewOptions& options, std::optional<text::ReasoningMarks> marks,
             bool is_thinking);

  // What to write now. Without styles and with nothing hidden this is the text as it came, but for
  // control bytes on a terminal.
  std::string push(std::string_view text);
  std::string finish();
  // Whether reasoning goes on unseen.
  bool is_hiding() const { return is_hiding_; }

 private:
  std::string split(const std::string& text, bool is_end);
  std::string shown(const text::AnswerPiece& piece);

  ViewOptions options_;
  TerminalFilter filter_;
  std::optional<text::ReasoningSplitter> splitter_;
  MarkdownStyler markdown_;
  bool is_dim_ = false, is_hiding_ = false;
};

}  // namespace hearth::app
