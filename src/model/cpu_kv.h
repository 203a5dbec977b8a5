// SPDX-License-Identifier: Apache-2.0
//
// The memory of the KV cache on the CPU. A block of kBlockTokens tokens is one piece: for each
// layer and KV head its panels of keys, then those of its values. Whoever takes head after head
// through a block's tokens reads a layer's part in the order in which it lies, a block is copied or
// saved at once, and a short text touches few pages however large the context is: they may be huge
// ones, without which reading long contexts waits for page walks.
#pragma once

#include <span>
#include <vector>

#include "model/executor.h"
#include "model/kv_blocks.h"
#include "model/page_memory.h"

namespace hearth::model {

class CpuKv {
 public:
  static constexpr std::size_t kPanels = kBlockTokens / kernels::kPanelTokens;  // of a block's head

  // For the layers whose cache this device holds. does_not_fit.
  Result<void> allocate(const Plan& plan, DeviceId device, const ExecutorLimits& limits);

  std::byte* k_panel(std::size_t layer, BlockId id, std::size_t head, std::size_t panel) const {
    const Layer& of = layers_[layer];
    return block(id).data() + of.at + head * of.head_bytes() + panel * of.k_panel_bytes;
  }
  std::byte* v_panel(std::size_t layer, BlockId id, std::size_t head, std::size_t panel) const {
    const Layer& of = layers_[layer];
    return block(id).data() + of.at + head * of.head_bytes() + kPanels * of.k_panel_bytes +
           panel * of.v_panel_bytes;
  }
  std::size_t block_bytes() const { return block_bytes_; }
  std::span<std::byte> block(BlockId id) const {
    return {memory_.data() + id * block_bytes_, block_bytes_};
  }

 private:
  struct Layer {
    std::size_t at = 0;  // in a block
    std::size_t k_panel_bytes = 0, v_panel_bytes = 0;

    std::size_t head_bytes() const { return kPanels * (k_panel_bytes + v_panel_bytes); }
  };
  std::vector<Layer> layers_;
  std::size_t block_bytes_ = 0;
  PageMemory memory_;
};

}  // namespace hearth::model
