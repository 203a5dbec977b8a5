// SPDX-License-Identifier: Apache-2.0
//
// Turns a stream of tokens into text that is always whole UTF-8: a rune whose bytes arrive in
// several tokens is held back until it is complete, and a whole rune never is. One request, one
// thread.
#pragma once

#include <string>
#include <string_view>

#include "text/tokenizer.h"

namespace hearth::text {

class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer) : tokenizer_(&tokenizer) {}

  // The text that this token completes: whole runes only, bytes that can never become UTF-8 as
  // U+FFFD. Control tokens add nothing.
  std::string push(TokenId id);
  // What is left at the end, with U+FFFD for a rune that was never completed.
  std::string finish();

 private:
  const Tokenizer* tokenizer_;
  std::string pending_;
};

}  // namespace hearth::text
