// SPDX-License-Identifier: Apache-2.0
//
// DRY's sequence breakers are given as strings ("\n", "\"") but matched as tokens. A string can
// begin inside one token and end in others, so each string yields many sequences: every token that
// contains it, alone; and every token that ends with a beginning of it, followed by the tokens of
// the rest.
//
// The vocabulary stays the caller's: it lends two functions. Pure; walks the vocabulary once for
// each string, so compute this once for each model and list of strings. Facts as in llama.cpp:
// strings are cut to 40 bytes and tails to 20 tokens; empty strings are skipped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::sample {

struct VocabularyView {
  std::size_t size = 0;
  // The bytes of a token as text would show it, special tokens included.
  std::function<std::string_view(std::int32_t id)> piece;
  // Text to ids, with no special tokens added or parsed.
  std::function<std::vector<std::int32_t>(std::string_view text)> tokenize;
};

// What llama.cpp uses when the user names none.
inline constexpr std::string_view kDefaultDryBreakers[] = {"\n", ":", "\"", "*"};

// For SamplingParams::dry_sequence_breakers: sorted, each once.
std::vector<std::vector<std::int32_t>> dry_breaker_sequences(
    const VocabularyView& vocabulary, std::span<const std::string_view> breakers);

}  // namespace hearth::sample
