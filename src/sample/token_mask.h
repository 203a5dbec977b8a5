// SPDX-License-Identifier: Apache-2.0
//
// Which tokens of a vocabulary are allowed: one bit each. A grammar fills one for each step;
// sampling only reads it. Bits at and above size() are always clear. A plain value; one writer at a
// time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.h"

namespace hearth::sample {

class TokenMask {
 public:
  TokenMask() = default;
  // Nothing is allowed at first.
  explicit TokenMask(std::size_t vocab_size) : size_(vocab_size), words_((vocab_size + 63) / 64) {}

  std::size_t size() const { return size_; }
  bool allows(std::int32_t id) const {
    const auto i = static_cast<std::size_t>(id);
    DCHECK(i < size_);
    return (words_[i / 64] >> (i % 64) & 1) != 0;
  }
  void allow(std::int32_t id) { word_of(id) |= bit_of(id); }
  void forbid(std::int32_t id) { word_of(id) &= ~bit_of(id); }

  void allow_none() { words_.assign(words_.size(), 0); }
  void allow_all() {
    words_.assign(words_.size(), ~std::uint64_t{0});
    trim();
  }

  std::size_t count() const {
    std::size_t n = 0;
    for (const std::uint64_t word : words_) n += static_cast<std::size_t>(std::popcount(word));
    return n;
  }

  // For bulk work: bit i % 64 of word i / 64 is token i. Call trim() after writing whole words.
  std::span<const std::uint64_t> words() const { return words_; }
  std::span<std::uint64_t> words() { return words_; }
  void trim() {
    if (size_ % 64 != 0) words_.back() &= (std::uint64_t{1} << (size_ % 64)) - 1;
  }

 private:
  std::uint64_t& word_of(std::int32_t id) {
    const auto i = static_cast<std::size_t>(id);
    CHECK(i < size_);
    return words_[i / 64];
  }
  static std::uint64_t bit_of(std::int32_t id) {
    return std::uint64_t{1} << (static_cast<std::uint32_t>(id) % 64);
  }

  std::size_t size_ = 0;
  std::vector<std::uint64_t> words_;
};

}  // namespace hearth::sample
