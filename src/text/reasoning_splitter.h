// SPDX-License-Identifier: Apache-2.0
//
// Tells the reasoning of an answer from the answer itself, while it streams. The reasoning stands
// at the beginning, between two marks that the model writes (the first may stand in the prompt
// already); a mark that comes later is text like any other. Marks may be cut anywhere between
// pieces.
//
// Promise: the pieces handed out, joined, are the text pushed, to the byte. What cannot be decided
// yet is held back: white space and at most a beginning of a mark. One answer, one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/template_facts.h"

namespace hearth::text {

struct ReasoningMarks {
  std::string open, close;  // neither is empty, nor begins or ends with white space
  bool operator==(const ReasoningMarks&) const = default;
};

// As the template writes them for earlier turns; <think> where it strips that. None if the template
// knows of no reasoning.
std::optional<ReasoningMarks> reasoning_marks(const TemplateFacts& facts);

// Whether the prompt leaves the reasoning begun, so that the answer starts inside of it.
bool opens_reasoning(std::string_view prompt, const ReasoningMarks& marks);

struct AnswerPiece {
  enum class Kind : std::uint8_t {
    answer,
    reasoning,  // neither begins nor ends with white space, unless the text was cut short
    mark,       // with the white space around it
  };
  Kind kind = Kind::answer;
  std::string text;
};

class ReasoningSplitter {
 public:
  // is_open: the prompt has begun the reasoning.
  ReasoningSplitter(ReasoningMarks marks, bool is_open);

  // What this text decides, in order; neighbours differ in kind.
  std::vector<AnswerPiece> push(std::string_view text);
  // What was still held back when the answer ended.
  std::vector<AnswerPiece> finish();

 private:
  enum class State : std::uint8_t { before, after_open, reasoning, after_close, answer };
  // Takes what can be decided from held_; false when more text is needed.
  bool step(std::vector<AnswerPiece>& pieces);
  bool step_before(std::vector<AnswerPiece>& pieces);
  bool step_reasoning(std::vector<AnswerPiece>& pieces);
  void take(std::size_t n, AnswerPiece::Kind kind, std::vector<AnswerPiece>& pieces);

  ReasoningMarks marks_;
  bool is_open_;
  State state_ = State::before;
  std::string held_;
};

}  // namespace hearth::text
