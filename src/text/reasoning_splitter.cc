// SPDX-License-Identifier: Apache-2.0
#include "text/reasoning_splitter.h"

#include <algorithm>
#include <utility>

#include "text/template_probe.h"

namespace hearth::text {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

std::size_t leading_spaces(std::string_view text) {
  return std::min(text.size(), text.find_first_not_of(kSpaces));
}

// Where the white space at the end of text begins.
std::size_t trailing_spaces(std::string_view text) {
  return text.find_last_not_of(kSpaces) + 1;  // npos + 1 is 0
}

// How long a beginning of mark, but not all of it, ends the text.
std::size_t begun_mark(std::string_view text, std::string_view mark) {
  for (std::size_t n = std::min(text.size(), mark.size() - 1); n > 0; --n)
    if (text.ends_with(mark.substr(0, n))) return n;
  return 0;
}

}  // namespace

std::optional<ReasoningMarks> reasoning_marks(const TemplateFacts& facts) {
  if (facts.reasoning) {
    ReasoningMarks marks{std::string(trimmed(facts.reasoning->before)),
                         std::string(trimmed(facts.reasoning->after))};
    if (!marks.open.empty() && !marks.close.empty()) return marks;
  }
  if (facts.strips_inline_thinking) return ReasoningMarks{"<think>", "</think>"};
  return std::nullopt;
}

bool opens_reasoning(std::string_view prompt, const ReasoningMarks& marks) {
  return prompt.substr(0, trailing_spaces(prompt)).ends_with(marks.open);
}

ReasoningSplitter::ReasoningSplitter(ReasoningMarks marks, bool is_open)
    : marks_(std::move(marks)), is_open_(is_open) {}

std::vector<AnswerPiece> ReasoningSplitter::push(std::string_view text) {
  held_ += text;
  std::vector<AnswerPiece> pieces;
  while (step(pieces)) {
  }
  return pieces;
}

std::vector<AnswerPiece> ReasoningSplitter::finish() {
  const bool thinks = state_ == State::reasoning || (state_ == State::before && is_open_);
  std::vector<AnswerPiece> pieces;
  take(held_.size(), thinks ? AnswerPiece::Kind::reasoning : AnswerPiece::Kind::answer, pieces);
  return pieces;
}

bool ReasoningSplitter::step(std::vector<AnswerPiece>& pieces) {
  if (held_.empty()) return false;
  switch (state_) {
    case State::before:
      return step_before(pieces);
    case State::reasoning:
      return step_reasoning(pieces);
    case State::after_open:
    case State::after_close:
      take(leading_spaces(held_), AnswerPiece::Kind::mark, pieces);
      if (held_.empty()) return false;
      state_ = state_ == State::after_open ? State::reasoning : State::answer;
      return true;
    case State::answer:
      break;
  }
  take(held_.size(), AnswerPiece::Kind::answer, pieces);
  return false;
}

// A model may write the mark although the prompt has it.
bool ReasoningSplitter::step_before(std::vector<AnswerPiece>& pieces) {
  const std::size_t spaces = leading_spaces(held_);
  const std::string_view rest = std::string_view(held_).substr(spaces);
  if (rest.starts_with(marks_.open)) {
    take(spaces + marks_.open.size(), AnswerPiece::Kind::mark, pieces);
    state_ = State::after_open;
    return true;
  }
  if (marks_.open.starts_with(rest)) return false;
  state_ = is_open_ ? State::after_open : State::answer;
  return true;
}

bool ReasoningSplitter::step_reasoning(std::vector<AnswerPiece>& pieces) {
  const std::size_t close = held_.find(marks_.close);
  const bool found = close != std::string::npos;
  const std::size_t end = found ? close : held_.size() - begun_mark(held_, marks_.close);
  const std::size_t n_text = trailing_spaces(std::string_view(held_).substr(0, end));
  take(n_text, AnswerPiece::Kind::reasoning, pieces);
  if (!found) return false;
  take(close - n_text + marks_.close.size(), AnswerPiece::Kind::mark, pieces);
  state_ = State::after_close;
  return true;
}

void ReasoningSplitter::take(std::size_t n, AnswerPiece::Kind kind,
                             std::vector<AnswerPiece>& pieces) {
  if (n == 0) return;
  if (pieces.empty() || pieces.back().kind != kind) pieces.push_back({kind, {}});
  pieces.back().text.append(held_, 0, n);
  held_.erase(0, n);
}

}  // namespace hearth::text
