// SPDX-License-Identifier: Apache-2.0
#include "answer_view.h"

#include <utility>

namespace hearth::app {

AnswerView::AnswerView(const ViewOptions& options, std::optional<text::ReasoningMarks> marks,
                       bool is_thinking)
    : options_(options), is_hiding_(options.hide_thinking && is_thinking) {
  if (marks) splitter_.emplace(std::move(*marks), is_thinking);
}

std::string AnswerView::push(std::string_view text) {
  return split(options_.on_terminal ? filter_.push(text) : std::string(text), false);
}

std::string AnswerView::finish() {
  std::string out = split(filter_.finish(), true);
  if (options_.colour && options_.markdown) out += markdown_.finish();
  if (std::exchange(is_dim_, false)) out += kPlain;
  is_hiding_ = false;
  return out;
}

std::string AnswerView::split(const std::string& text, bool is_end) {
  if (!splitter_) return shown({text::AnswerPiece::Kind::answer, text});
  std::string out;
  for (const text::AnswerPiece& piece : splitter_->push(text)) out += shown(piece);
  if (is_end)
    for (const text::AnswerPiece& piece : splitter_->finish()) out += shown(piece);
  return out;
}

std::string AnswerView::shown(const text::AnswerPiece& piece) {
  const bool is_answer = piece.kind == text::AnswerPiece::Kind::answer;
  if (options_.hide_thinking) {
    is_hiding_ = !is_answer;
    if (is_hiding_) return {};
  }
  std::string out;
  if (options_.colour && is_dim_ == is_answer) {
    is_dim_ = !is_answer;
    out = is_dim_ ? kDim : kPlain;
  }
  const bool is_styled = is_answer && options_.colour && options_.markdown;
  return out + (is_styled ? markdown_.push(piece.text) : piece.text);
}

}  // namespace hearth::app
