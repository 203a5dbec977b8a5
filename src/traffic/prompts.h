// SPDX-License-Identifier: Apache-2.0
//
// Prompts of random words: no two begin alike, so that no server's prefix cache helps, but for the
// beginning that all are asked to share.
//
// Lengths are asked for in tokens, and only the server knows its tokenizer. TokenRule is what two
// of its answers told: how many tokens a word is, and how many there are beside the words.
#pragma once

#include <cstdint>
#include <string>

namespace hearth::traffic {

struct TokenRule {
  double fixed = 0;  // tokens of an empty prompt: a chat template's
  double per_word = 1;

  // The line through two prompts of so many words and tokens.
  static TokenRule through(std::uint32_t words_a, std::uint32_t tokens_a, std::uint32_t words_b,
                           std::uint32_t tokens_b);
  // How many words make about so many tokens; 1 or more.
  std::uint32_t words_for(double n_tokens) const;
};

class Prompts {
 public:
  // n_shared tokens come before each prompt, and are the same in all.
  Prompts(std::uint64_t seed, TokenRule rule, std::uint32_t n_shared);

  // Of about n_tokens tokens beside the shared ones; the same number gives the same text.
  std::string text(std::uint64_t number, std::uint32_t n_tokens) const;

 private:
  std::uint64_t seed_;
  TokenRule rule_;
  std::string shared_;
};

// So many words, divided by blanks.
std::string random_words(std::uint64_t seed, std::uint32_t n);

}  // namespace hearth::traffic
