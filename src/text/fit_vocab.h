// SPDX-License-Identifier: Apache-2.0
//
// The tokenizer of one model made to fit a vocabulary of another size, for files of random weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "format/gguf.h"
#include "format/gguf_writer.h"

namespace hearth::text {

struct FittedVocab {
  std::vector<format::WriteKeyValue> metadata;  // all keys tokenizer.*
  std::size_t n_before = 0;                     // tokens of the source
  std::vector<std::string> dropped;             // keys of special tokens that were cut off
};

// The first n_vocab tokens; missing ones are filled up as "[PAD<id>]", of the type of unused
// tokens, as llama.cpp's converter does. Arrays with an element for each token go along. When cut,
// merges that need a token that is gone go too, and special tokens that are gone lose their keys.
Result<FittedVocab> fit_vocab(const format::Gguf& source, std::uint32_t n_vocab);

}  // namespace hearth::text
