// SPDX-License-Identifier: Apache-2.0
#include "model/sequence.h"

#include <utility>

#include "base/check.h"

namespace hearth::model {
namespace {

std::uint32_t blocks_for(std::uint64_t n_tokens) {
  return static_cast<std::uint32_t>((n_tokens + kBlockTokens - 1) / kBlockTokens);
}

}  // namespace

Checkpoint::Checkpoint(SequenceStore& store, std::span<const BlockId> blocks, std::uint32_t length)
    : store_(&store), blocks_(blocks.begin(), blocks.end()), length_(length) {
  for (const BlockId block : blocks_) store_->pool.share(block);
}

Checkpoint::Checkpoint(Checkpoint&& other) noexcept
    : store_(other.store_), blocks_(std::exchange(other.blocks_, {})), length_(other.length_) {}

Checkpoint::~Checkpoint() {
  for (const BlockId block : blocks_) store_->pool.release(block);
}

Sequence::Sequence(Sequence&& other) noexcept
    : store_(other.store_),
      blocks_(std::exchange(other.blocks_, {})),
      length_(std::exchange(other.length_, 0)) {}

Sequence& Sequence::operator=(Sequence&& other) noexcept {
  if (this != &other) {
    release_from(0);
    store_ = other.store_;
    blocks_ = std::exchange(other.blocks_, {});
    length_ = std::exchange(other.length_, 0);
  }
  return *this;
}

Sequence::~Sequence() {
  release_from(0);
}

void Sequence::release_from(std::size_t first_block) {
  while (blocks_.size() > first_block) {
    store_->pool.release(blocks_.back());
    blocks_.pop_back();
  }
}

Result<void> Sequence::reserve(std::uint32_t n_tokens) {
  const std::uint64_t wanted = std::uint64_t{length_} + n_tokens;
  // The block that the next token falls into may be shared with a fork: it is copied before
  // writing.
  const std::size_t write_block = length_ / kBlockTokens;
  const bool copies = n_tokens > 0 && write_block < blocks_.size() &&
                      store_->pool.references(blocks_[write_block]) > 1;
  const std::size_t have = blocks_.size();
  const std::size_t need = wanted > have * kBlockTokens ? blocks_for(wanted) : have;
  if (need - have + (copies ? 1 : 0) > store_->pool.n_free())
    return fail(ErrorCode::does_not_fit,
                "the KV cache is full: {} more tokens need {} blocks, and {} of {} are free",
                n_tokens, need - have + (copies ? 1 : 0), store_->pool.n_free(),
                store_->pool.n_blocks());
  if (copies) {
    const BlockId fresh = TRY(store_->pool.take());
    store_->copy_block(blocks_[write_block], fresh);
    store_->pool.release(blocks_[write_block]);
    blocks_[write_block] = fresh;
  }
  while (blocks_.size() < need) blocks_.push_back(TRY(store_->pool.take()));
  return {};
}

void Sequence::commit(std::uint32_t n_tokens) {
  CHECK(std::uint64_t{length_} + n_tokens <= blocks_.size() * std::uint64_t{kBlockTokens});
  length_ += n_tokens;
}

void Sequence::roll_back(std::uint32_t length) {
  CHECK(length <= length_);
  length_ = length;
  release_from(blocks_for(length));
}

Sequence Sequence::fork() const {
  Sequence copy(*store_);
  // Reserved but uncommitted blocks stay with the original.
  for (std::size_t i = 0; i < blocks_for(length_); ++i) {
    store_->pool.share(blocks_[i]);
    copy.blocks_.push_back(blocks_[i]);
  }
  copy.length_ = length_;
  return copy;
}

void Sequence::adopt(std::span<const BlockId> blocks, std::uint32_t length) {
  CHECK(length_ == 0 && blocks.size() == blocks_for(length));
  for (const BlockId block : blocks) store_->pool.share(block);
  release_from(0);
  blocks_.assign(blocks.begin(), blocks.end());
  length_ = length;
}

void Sequence::replace_block(std::size_t index, BlockId block) {
  CHECK((index + 1) * kBlockTokens <= length_);
  store_->pool.share(block);
  store_->pool.release(std::exchange(blocks_[index], block));
}

Checkpoint Sequence::checkpoint() const {
  return Checkpoint(*store_, std::span(blocks_).first(blocks_for(length_)), length_);
}

void Sequence::restore(const Checkpoint& checkpoint) {
  CHECK(checkpoint.store_ == store_);
  for (const BlockId block : checkpoint.blocks_) store_->pool.share(block);
  release_from(0);
  blocks_ = checkpoint.blocks_;
  length_ = checkpoint.length_;
}

}  // namespace hearth::model
