// SPDX-License-Identifier: Apache-2.0
//
// From the tokens of an answer to events of text: the stream decoder and the stop texts, with each
// token kept beside its text while that is held back. Over an answer, the tokens of the events are
// those whose text was handed out, wholly or in part. One request, one thread.
#pragma once

#include <cstddef>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "engine/request.h"
#include "engine/stop_strings.h"
#include "text/stream_decoder.h"

namespace hearth::engine {

class AnswerText {
 public:
  AnswerText(const text::Tokenizer& tokenizer, std::vector<std::string> stops)
      : decoder_(tokenizer), stops_(std::move(stops)) {}

  // Control tokens that are text all the same.
  void show(std::vector<TokenId> control_tokens) { decoder_.show(std::move(control_tokens)); }
  // What the token brings out, which may be nothing at all. Positions are given for all tokens of
  // an answer or for none. Not after stopped().
  TextEvent push(TokenId token, std::optional<Position> position);
  // At the end of the answer: what was still held back, unless a stop text was met.
  TextEvent finish();
  bool stopped() const { return stops_.stopped(); }

 private:
  static constexpr std::size_t kUnknown = std::numeric_limits<std::size_t>::max();
  struct Held {
    TokenId token;
    std::optional<Position> position;
    // Where its text lies in all that was decoded. A token that completes no rune ends with the one
    // that does.
    std::size_t begin, end;
  };
  void decode(std::string_view text);
  TextEvent hand_out(std::string text);

  text::StreamDecoder decoder_;
  StopStrings stops_;
  std::deque<Held> held_;
  std::size_t n_decoded_ = 0, n_shown_ = 0;  // bytes
};

}  // namespace hearth::engine
