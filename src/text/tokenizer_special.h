// SPDX-License-Identifier: Apache-2.0
//
// Cuts special tokens out of a text as llama.cpp does (tokenizer_st_partition): the longest
// spelling first over the whole text, then the next, each from left to right in what is still text.
// Some tokens eat the white space next to them.
//
// One pass of an Aho-Corasick automaton tells which tokens occur at all; only those are searched
// for, so a text without any costs one step a byte whatever the vocabulary.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "text/vocab.h"

namespace hearth::text {

// A special token, or (id kNoToken) the text between two.
struct Fragment {
  TokenId id = kNoToken;
  std::size_t begin = 0;
  std::size_t end = 0;
};

class SpecialCutter {
 public:
  SpecialCutter() = default;
  // The vocabulary must outlive the cutter.
  explicit SpecialCutter(const Vocab& vocab);

  // User-defined tokens are always cut; control and unknown ones if parse_special.
  std::vector<Fragment> cut(std::string_view text, bool parse_special) const;

 private:
  static constexpr std::uint32_t kRoot = 0;
  struct Edge {
    std::uint8_t byte;
    std::uint32_t node;
  };
  struct Node {
    std::vector<Edge> edges;  // few; sorted by byte
    std::uint32_t fail = kRoot;
    std::uint32_t output = kNone;       // index in tokens_ of the spelling that ends here
    std::uint32_t next_output = kRoot;  // the nearest suffix that is a spelling too
  };
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  void add(std::uint32_t token, std::string_view spelling);
  void link();
  std::uint32_t child(std::uint32_t node, std::uint8_t byte) const;
  std::uint32_t step(std::uint32_t node, std::uint8_t byte) const;
  std::vector<std::uint32_t> tokens_in(std::string_view text, bool parse_special) const;

  const Vocab* vocab_ = nullptr;
  std::vector<TokenId> tokens_;  // in the order of cutting
  std::vector<Node> nodes_;
  std::array<std::uint32_t, 256> first_ = {};
};

}  // namespace hearth::text
