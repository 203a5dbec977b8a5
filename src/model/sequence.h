// SPDX-License-Identifier: Apache-2.0
//
// The state of one sequence: which blocks hold its past, and how long that past is.
//
// reserve(n) makes room for n more tokens (copying a shared last block first), of which nothing is
// visible until commit(n) says that they are there; roll_back(n) forgets everything after the first
// n. fork() is a second sequence with the same past: blocks are shared until one of them writes, as
// with adopt(), which takes a past that somebody else has kept. checkpoint() is a cheap remembrance
// of this moment, restore() returns to it. Through bytes: sequence_file.h.
//
// A sequence belongs to one SequenceStore, which must outlive it. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/error.h"
#include "model/kv_blocks.h"

namespace hearth::model {

// What sequences share: the block book and the way to copy a block's bytes.
struct SequenceStore {
  BlockPool pool;
  std::function<void(BlockId from, BlockId to)> copy_block;
};

class Sequence;

// Holds references to the blocks of a moment in a sequence's life.
class Checkpoint {
 public:
  Checkpoint(Checkpoint&& other) noexcept;
  Checkpoint& operator=(Checkpoint&&) = delete;
  ~Checkpoint();
  std::uint32_t length() const { return length_; }

 private:
  friend class Sequence;
  Checkpoint(SequenceStore& store, std::span<const BlockId> blocks, std::uint32_t length);
  SequenceStore* store_;
  std::vector<BlockId> blocks_;
  std::uint32_t length_;
};

class Sequence {
 public:
  explicit Sequence(SequenceStore& store) : store_(&store) {}
  Sequence(Sequence&& other) noexcept;
  Sequence& operator=(Sequence&& other) noexcept;
  ~Sequence();

  std::uint32_t length() const { return length_; }
  std::span<const BlockId> blocks() const { return blocks_; }

  // does_not_fit (and no change) when the pool has too few free blocks.
  Result<void> reserve(std::uint32_t n_tokens);
  void commit(std::uint32_t n_tokens);
  void roll_back(std::uint32_t length);
  Sequence fork() const;
  // Makes an empty sequence hold `length` tokens whose keys and values lie in these blocks of its
  // store, as many as it takes; they are shared with whoever has them.
  void adopt(std::span<const BlockId> blocks, std::uint32_t length);
  // Shares a block that holds the same tokens in the same place instead of its own, which is full.
  void replace_block(std::size_t index, BlockId block);
  Checkpoint checkpoint() const;
  void restore(const Checkpoint& checkpoint);

 private:
  void release_from(std::size_t first_block);

  SequenceStore* store_;
  std::vector<BlockId> blocks_;
  std::uint32_t length_ = 0;
};

}  // namespace hearth::model
