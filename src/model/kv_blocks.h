// SPDX-License-Identifier: Apache-2.0
//
// Who owns which KV block. A block holds kBlockTokens consecutive positions of one sequence for all
// layers; it is counted by reference, so that forks and shared prefixes cost nothing. This is the
// book alone; the bytes belong to the executors (executor.h), which copy a block when asked to. One
// thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"

namespace hearth::model {

using BlockId = std::uint32_t;
inline constexpr std::uint32_t kBlockTokens = 64;  // a multiple of kernels::kPanelTokens

class BlockPool {
 public:
  explicit BlockPool(std::uint32_t n_blocks);

  std::uint32_t n_blocks() const { return static_cast<std::uint32_t>(references_.size()); }
  std::uint32_t n_free() const { return static_cast<std::uint32_t>(free_.size()); }
  std::uint32_t references(BlockId block) const { return references_[block]; }

  // A block with one reference. does_not_fit when none is left.
  Result<BlockId> take();
  void share(BlockId block);    // one more reference
  void release(BlockId block);  // one less; free at zero

 private:
  std::vector<std::uint32_t> references_;
  std::vector<BlockId> free_;
};

}  // namespace hearth::model
