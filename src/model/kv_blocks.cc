// SPDX-License-Identifier: Apache-2.0
#include "model/kv_blocks.h"

#include "base/check.h"

namespace hearth::model {

BlockPool::BlockPool(std::uint32_t n_blocks) : references_(n_blocks, 0) {
  free_.reserve(n_blocks);
  for (std::uint32_t block = n_blocks; block > 0; --block) free_.push_back(block - 1);
}

Result<BlockId> BlockPool::take() {
  if (free_.empty())
    return fail(ErrorCode::does_not_fit,
                "the KV cache is full: all {} blocks of {} tokens are in use", n_blocks(),
                kBlockTokens);
  const BlockId block = free_.back();
  free_.pop_back();
  references_[block] = 1;
  return block;
}

void BlockPool::share(BlockId block) {
  CHECK(references_[block] > 0);
  ++references_[block];
}

void BlockPool::release(BlockId block) {
  CHECK(references_[block] > 0);
  if (--references_[block] == 0) free_.push_back(block);
}

}  // namespace hearth::model
