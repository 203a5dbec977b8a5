// SPDX-License-Identifier: Apache-2.0
//
// How a byte-pair model cuts text into words before merging, by the name in tokenizer.ggml.pre.
// Models publish this as a list of regular expressions applied one after the other; here each
// expression is a hand-written function over code points, so that no regex engine (and no
// backtracking, and no just-in-time code) runs on a prompt. Every cut takes time linear in the
// text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/unicode.h"

namespace hearth::text {

// Positions in code points at which words end, ascending, the last being the end of the text.
using WordEnds = std::vector<std::size_t>;

// Cuts the code points [begin, end) of a text as one expression would: matches and what lies
// between them become words of their own. Nothing outside [begin, end) is looked at.
using Cut = void (*)(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends);

struct PreTokenizer {
  std::string_view name;
  std::span<const Cut> cuts;
  bool ignore_merges = false;  // a word that is a token is that token, whatever the merges say
  bool add_bos = false;        // the default where the metadata is silent
  bool no_default_bos = false;
  bool raw_bytes = true;       // GPT-2's byte alphabet; else UTF-8 with <0xHH> tokens
  bool escape_spaces = false;  // spaces become U+2581
  bool gemma4 = false;         // runs of newlines are tokens; BOS is always added
};

// The pre-tokenizer of that name, or nothing. "" is "default".
const PreTokenizer* find_pretokenizer(std::string_view name);
std::span<const PreTokenizer> all_pretokenizers();

// Applies the cuts in turn. spare is working space.
void cut_words(const PreTokenizer& pre, const RuneText& text, WordEnds& ends, WordEnds& spare);

}  // namespace hearth::text
