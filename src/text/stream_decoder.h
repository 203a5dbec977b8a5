// SPDX-License-Identifier: Apache-2.0
//
// Turns a stream of tokens into text that is always whole UTF-8: a rune whose bytes arrive in
// several tokens is held back until it is complete, and a whole rune never is. One request, one
// thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/tokenizer.h"

namespace hearth::text {

class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer) : tokenizer_(&tokenizer) {}

  // Control tokens that are text all the same.
  void show(std::vector<TokenId> control_tokens) { shown_ = std::move(control_tokens); }
  // The text that this token completes: whole runes only, bytes that can never become UTF-8 as
  // U+FFFD. Other control tokens add nothing.
  std::string push(TokenId id);
  // What is left at the end, with U+FFFD for a rune that was never completed.
  std::string finish();

 private:
  const Tokenizer* tokenizer_;
  std::vector<TokenId> shown_;
  std::string pending_;
};

}  // namespace hearth::text
