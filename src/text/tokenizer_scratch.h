// SPDX-License-Identifier: Apache-2.0
//
// The working space of one encode() call: buffers that grow to the longest piece of text and a
// cache of the words seen so far, since prose repeats itself. It lives on the caller's stack, so
// tokenizers stay immutable and shared without locks.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "text/bpe_merge.h"
#include "text/byte_index.h"
#include "text/pretokenize/pretokenizer.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

namespace hearth::text {

// Short words and their tokens, one word a slot, the newest winning. 64 bytes a slot, 512 KiB at
// most.
class WordCache {
 public:
  // Sized for a text: not worth having for a short one.
  void prepare(std::size_t text_bytes) {
    if (text_bytes < 2048 || !slots_.empty()) return;
    const std::size_t wanted = std::bit_ceil(text_bytes / 32);
    slots_.resize(wanted < 8192 ? wanted : 8192);
  }

  // Appends the word's tokens if they are known.
  bool find(std::string_view word, std::vector<TokenId>& out) const {
    if (slots_.empty() || word.size() > kMaxBytes) return false;
    const Slot& slot = slot_of(word);
    if (slot.bytes != word.size() || std::memcmp(slot.word.data(), word.data(), word.size()) != 0)
      return false;
    out.insert(out.end(), slot.ids.begin(), slot.ids.begin() + slot.n_ids);
    return true;
  }

  void store(std::string_view word, const TokenId* ids, std::size_t n_ids) {
    if (slots_.empty() || word.empty() || word.size() > kMaxBytes || n_ids > kMaxIds) return;
    Slot& slot = slots_[hash_bytes(word) & (slots_.size() - 1)];
    slot.bytes = static_cast<std::uint8_t>(word.size());
    slot.n_ids = static_cast<std::uint8_t>(n_ids);
    std::memcpy(slot.word.data(), word.data(), word.size());
    for (std::size_t i = 0; i < n_ids; ++i) slot.ids[i] = ids[i];
  }

 private:
  static constexpr std::size_t kMaxBytes = 30;
  static constexpr std::size_t kMaxIds = 8;
  struct Slot {
    std::uint8_t bytes = 0;  // 0: empty
    std::uint8_t n_ids = 0;
    std::array<char, kMaxBytes> word = {};
    std::array<TokenId, kMaxIds> ids = {};
  };
  const Slot& slot_of(std::string_view word) const {
    return slots_[hash_bytes(word) & (slots_.size() - 1)];
  }

  std::vector<Slot> slots_;
};

struct Scratch {
  RuneText runes;
  WordEnds ends;
  WordEnds spare_ends;
  std::string text;  // a fragment after normalisation
  std::string word;
  Merger merger;
  WordCache cache;
  std::uint64_t steps = 0;  // of the kinds without a merger
};

}  // namespace hearth::text
