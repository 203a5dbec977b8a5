// SPDX-License-Identifier: Apache-2.0
//
// Sets of code points that pre-tokenizers name by range, as llama.cpp lists them.
#pragma once

#include <span>

namespace hearth::text {

struct RuneRange {
  char32_t first;
  char32_t last;
};

// Ranges in ascending order, none touching the next.
bool in_ranges(std::span<const RuneRange> ranges, char32_t rune);

// Chinese characters, as kimi-k2's pre-tokenizer takes them (llama.cpp, unicode_cpt_is_han).
bool is_han(char32_t rune);

// The cased letters that deepseek-llm lists one by one.
std::span<const RuneRange> deepseek_letters();

}  // namespace hearth::text
