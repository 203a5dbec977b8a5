// SPDX-License-Identifier: Apache-2.0
//
// Merging neighbours, best pair first, the leftmost of equals: what byte-pair and SentencePiece
// models do alike. Symbols are linked in a list; pairs wait in a binary heap, and one whose symbols
// have changed since is recognised by its length. So n symbols take n log n steps at worst, and
// short words (nearly all) take a few scans of a small array. Working space is reused; one thread
// at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hearth::text {

inline constexpr std::uint32_t kNoPiece = 0xFFFFFFFF;

struct MergeSymbol {
  std::uint32_t begin = 0;         // bytes, in the word
  std::uint32_t size = 0;          // 0 once merged into its left neighbour
  std::uint32_t piece = kNoPiece;  // what the pair finder knows it by
  std::uint32_t previous = 0;
  std::uint32_t next = 0;
};

// What two neighbours would become, and how early: the lowest key goes first.
struct MergePair {
  std::uint32_t key = 0;
  std::uint32_t piece = kNoPiece;  // kNoPiece: they do not merge
};

class Merger {
 public:
  static constexpr std::uint32_t kEnd = 0xFFFFFFFF;

  void clear() { symbols_.clear(); }
  void add(std::uint32_t begin, std::uint32_t size, std::uint32_t piece) {
    const auto i = static_cast<std::uint32_t>(symbols_.size());
    symbols_.push_back({begin, size, piece, i - 1, i + 1});
  }

  // find(left, right) is the MergePair of two symbols; emit(symbol) gets what is left, in order.
  template <class Find, class Emit>
  void run(Find find, Emit emit) {
    if (symbols_.empty()) return;
    if (symbols_.size() <= kSmall)
      merge_few(find);
    else
      merge_many(find);
    for (const MergeSymbol& symbol : symbols_) {
      if (symbol.size > 0) emit(symbol);
    }
  }

  // Pairs looked up and taken from the heap so far, and elements scanned: the test of linear time.
  std::uint64_t steps() const { return steps_; }

 private:
  static constexpr std::size_t kSmall = 32;

  struct Waiting {
    std::uint32_t key;
    std::uint32_t left;
    std::uint32_t size;
    std::uint32_t piece;
    // Heaps of the standard library put the largest first.
    bool operator<(const Waiting& other) const {
      return key != other.key ? key > other.key : left > other.left;
    }
  };

  // pairs_[i] joins symbols i and i + 1 of an array that shrinks with every merge.
  template <class Find>
  void merge_few(Find& find) {
    MergePair pairs[kSmall];
    std::size_t n = symbols_.size();
    for (std::size_t i = 0; i + 1 < n; ++i) pairs[i] = find(symbols_[i], symbols_[i + 1]);
    steps_ += n;
    while (n > 1) {
      std::size_t best = n;
      for (std::size_t i = 0; i + 1 < n; ++i) {
        const bool better =
            pairs[i].piece != kNoPiece && (best == n || pairs[i].key < pairs[best].key);
        if (better) best = i;
      }
      steps_ += n;
      if (best == n) break;
      symbols_[best].size += symbols_[best + 1].size;
      symbols_[best].piece = pairs[best].piece;
      for (std::size_t i = best + 1; i + 1 < n; ++i) {
        symbols_[i] = symbols_[i + 1];
        pairs[i - 1] = pairs[i];
      }
      --n;
      if (best > 0) pairs[best - 1] = find(symbols_[best - 1], symbols_[best]);
      if (best + 1 < n) pairs[best] = find(symbols_[best], symbols_[best + 1]);
    }
    symbols_.resize(n);
  }

  template <class Find>
  void merge_many(Find& find) {
    const auto n = static_cast<std::uint32_t>(symbols_.size());
    symbols_[0].previous = kEnd;
    symbols_[n - 1].next = kEnd;
    heap_.clear();
    for (std::uint32_t i = 0; i + 1 < n; ++i) {
      if (const MergePair pair = find(symbols_[i], symbols_[i + 1]); pair.piece != kNoPiece)
        heap_.push_back({pair.key, i, symbols_[i].size + symbols_[i + 1].size, pair.piece});
    }
    steps_ += n;
    std::make_heap(heap_.begin(), heap_.end());
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end());
      const Waiting best = heap_.back();
      heap_.pop_back();
      ++steps_;
      MergeSymbol& left = symbols_[best.left];
      if (left.size == 0 || left.next == kEnd) continue;
      MergeSymbol& right = symbols_[left.next];
      if (left.size + right.size != best.size) continue;  // one of them has grown since
      left.size = best.size;
      left.piece = best.piece;
      left.next = right.next;
      right.size = 0;
      if (left.next != kEnd) symbols_[left.next].previous = best.left;
      push(left.previous, find);
      push(best.left, find);
    }
  }

  template <class Find>
  void push(std::uint32_t left, Find& find) {
    if (left == kEnd || symbols_[left].next == kEnd) return;
    ++steps_;
    const MergeSymbol& right = symbols_[symbols_[left].next];
    const MergePair pair = find(symbols_[left], right);
    if (pair.piece == kNoPiece) return;
    heap_.push_back({pair.key, left, symbols_[left].size + right.size, pair.piece});
    std::push_heap(heap_.begin(), heap_.end());
  }

  std::vector<MergeSymbol> symbols_;
  std::vector<Waiting> heap_;
  std::uint64_t steps_ = 0;
};

}  // namespace hearth::text
