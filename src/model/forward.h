// SPDX-License-Identifier: Apache-2.0
//
// Runs batches through a plan over its executors: splits the steps into stretches of one device,
// does the transfers between them, and hands out results. The caller owns plan and executors. One
// thread.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "model/executor.h"

namespace hearth::model {

class Forward {
 public:
  // executors[d] runs the steps of device d; all are prepared.
  Forward(const Plan& plan, std::vector<Executor*> executors, const ExecutorLimits& limits);

  // Computes the batch. The caller guarantees: at most max_rows rows (of which max_wanted want
  // logits), tokens inside the vocabulary, kv indices inside reserved blocks. False when stopped.
  // progress grows within every layer, so that others see a long step getting on.
  bool run(const Batch& batch, const std::atomic<bool>* stop = nullptr,
           std::atomic<std::uint64_t>* progress = nullptr);

  // Results of the last run: the i-th row that wanted logits (hidden states), in batch order.
  std::span<const float> logits(std::uint32_t i) const;
  std::span<const float> hidden(std::uint32_t i) const;

  void copy_block(BlockId from, BlockId to);
  std::size_t block_bytes() const;
  void read_block(BlockId block, std::byte* out) const;
  void write_block(BlockId block, const std::byte* bytes);

 private:
  const Plan& plan_;
  std::vector<Executor*> executors_;
  const DeviceId logits_device_, hidden_device_;
  std::vector<std::uint32_t> logits_rows_, hidden_rows_;
  std::vector<float> logits_, hidden_, transfer_;
};

}  // namespace hearth::model
