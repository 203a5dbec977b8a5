// SPDX-License-Identifier: Apache-2.0
//
// SentencePiece's precompiled normalisation rules: a double-array trie (Darts) whose leaves point
// at replacement strings. Layout: u32 byte length of the trie, its u32 units, then the
// replacements, each ended by a zero byte. Units: bits 0-7 label, 8 has-leaf, 9 offset scale, 10-30
// offset, 31 leaf (github.com/google/sentencepiece, normalizer.cc; github.com/s-yata/darts-clone,
// darts.h).
//
// The bytes are not trusted: what points outside matches nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "format/gguf.h"

namespace hearth::text {

class Charsmap {
 public:
  Charsmap() = default;
  // From tokenizer.ggml.precompiled_charsmap; without that key nothing is ever replaced.
  static Result<Charsmap> load(const format::Gguf& gguf);

  // How many bytes at the front of text the longest rule covers (0: none), and what replaces them.
  std::size_t match(std::string_view text, std::string_view& replacement) const;
  // Whether any rule begins with this byte.
  bool begins_with(char c) const;

 private:
  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace hearth::text
