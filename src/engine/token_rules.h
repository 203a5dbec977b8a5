// SPDX-License-Identifier: Apache-2.0
//
// The wishes of a request that only the vocabulary can turn into token ids: no end of generation,
// and DRY's breakers given as texts; and the tokens that the file itself forbids. Keeps what it
// worked out, since a chat asks for the same again and again. The tokenizer outlives it; one
// thread.
#pragma once

#include <string>
#include <vector>

#include "engine/request.h"
#include "text/tokenizer.h"

namespace hearth::engine {

class TokenRules {
 public:
  explicit TokenRules(const text::Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  // The request's sampling parameters with those wishes in them.
  sample::SamplingParams applied(const Request& request);

 private:
  const text::Tokenizer& tokenizer_;
  std::vector<TokenId> ends_;  // filled when first needed
  std::vector<std::string> breaker_texts_;
  std::vector<std::vector<TokenId>> breakers_;  // of breaker_texts_
};

}  // namespace hearth::engine
