// SPDX-License-Identifier: Apache-2.0
//
// The tables behind merging: which two pieces make which, and which neighbours can never be merged
// across, so that a long text falls into short independent words. Built once, then read-only.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "text/bpe_merge.h"
#include "text/unicode.h"

namespace hearth::text {

// (left piece, right piece) -> (rank, merged piece), open addressing at most half full.
class PairTable {
 public:
  // Keeps the first rank of a pair.
  void add(std::uint32_t left, std::uint32_t right, MergePair merged);
  MergePair find(std::uint32_t left, std::uint32_t right) const {
    if (slots_.empty()) return {};
    for (std::size_t i = hash(left, right) & mask_;; i = (i + 1) & mask_) {
      const Slot& slot = slots_[i];
      if (slot.merged.piece == kNoPiece) return {};
      if (slot.left == left && slot.right == right) return slot.merged;
    }
  }

 private:
  struct Slot {
    std::uint32_t left = 0;
    std::uint32_t right = 0;
    MergePair merged;
  };
  static std::size_t hash(std::uint32_t left, std::uint32_t right) {
    const std::uint64_t key = (std::uint64_t{left} << 32 | right) * 0x9E3779B97F4A7C15u;
    return static_cast<std::size_t>(key >> 29);
  }
  void insert(const Slot& slot);

  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

// One symbol as merging sees it at first: a byte, or a UTF-8 sequence as long as its first byte
// says, its bytes packed into a number.
struct PackedSymbol {
  std::uint32_t value;
  std::uint32_t size;
};
inline PackedSymbol pack_symbol(std::string_view text, std::size_t at) {
  const std::size_t rest = text.size() - at;
  const std::size_t promised = promised_length(text[at]);
  const std::size_t size = promised < rest ? promised : rest;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value = value << 8 | static_cast<unsigned char>(text[at + i]);
  return {value, static_cast<std::uint32_t>(size)};
}

// The pairs of symbols that occur side by side inside some merged piece.
class JoinSet {
 public:
  void add(std::uint32_t left, std::uint32_t right);
  bool has(std::uint32_t left, std::uint32_t right) const {
    const std::uint32_t a = small(left);
    const std::uint32_t b = small(right);
    if (a < 256 && b < 256) return near_[a * 256 + b];
    return far_.contains(std::uint64_t{left} << 32 | right);
  }

 private:
  // U+2581 is as frequent as a space; it shares the place of a control character, which at worst
  // means fewer cuts.
  static std::uint32_t small(std::uint32_t symbol) { return symbol == 0xE29681 ? 0x1F : symbol; }

  std::bitset<65536> near_;
  std::unordered_set<std::uint64_t> far_;
};

}  // namespace hearth::text
