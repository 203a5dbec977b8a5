// SPDX-License-Identifier: Apache-2.0
#include "model/cpu_memory.h"

#include <algorithm>

namespace hearth::model {

CpuMemory cpu_memory(const Plan& plan, const ExecutorLimits& limits) {
  CpuMemory memory;
  for (const KvShape& shape : plan.kv) {
    const std::uint64_t panels = kernels::kv_key_panel_bytes(limits.k_type, shape.k_dim) +
                                 kernels::kv_value_panel_bytes(limits.v_type, shape.v_dim);
    memory.kv_block_bytes += kBlockTokens / kernels::kPanelTokens * shape.n_kv_heads * panels;
  }

  const std::uint64_t rows = limits.max_rows, wanted = limits.max_wanted;
  for (std::size_t i = 0; i < kBuffers; ++i)
    memory.scratch_bytes += (holds_wanted_rows(static_cast<BufferId>(i)) ? wanted : rows) *
                            plan.widths[i] * sizeof(float);
  // Forward hands out copies of the results.
  memory.scratch_bytes += sizeof(float) * (wanted * plan.width_of(BufferId::logits) +
                                           rows * plan.width_of(BufferId::hidden));
  // Two forms of quantised activations, in rows of the widest buffer that a product reads: bytes, a
  // float for each 32 of them and a 16-bit sum for each 16; and the same in blocks.
  const std::uint64_t widest = *std::max_element(plan.widths.begin(), plan.widths.end() - 3);
  const std::uint64_t padded = (widest + 255) / 256 * 256;
  memory.scratch_bytes +=
      2 * std::max(rows, wanted) * (padded + padded / 32 * sizeof(float) + padded / 16 * 2) +
      2 * kernels::blocked_bytes(padded, std::max(rows, wanted));
  memory.scratch_bytes += 2 * rows * plan.rope.n_pairs() * sizeof(float);
  for (const PlanTensor& tensor : plan.tensors)
    if (tensor.use == TensorUse::vector)
      memory.scratch_bytes += tensor.source->n_elements() * sizeof(float);
  return memory;
}

}  // namespace hearth::model
