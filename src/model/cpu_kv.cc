// SPDX-License-Identifier: Apache-2.0
#include "model/cpu_kv.h"

#include "base/checked.h"

namespace hearth::model {

Result<void> CpuKv::allocate(const Plan& plan, DeviceId device, const ExecutorLimits& limits) {
  for (const KvShape& shape : plan.kv) {
    Layer layer;
    if (shape.device == device) {
      layer.k_panel_bytes = kernels::kv_key_panel_bytes(limits.k_type, shape.k_dim);
      layer.v_panel_bytes = kernels::kv_value_panel_bytes(limits.v_type, shape.v_dim);
      layer.at = block_bytes_;
      block_bytes_ += shape.n_kv_heads * layer.head_bytes();
    }
    layers_.push_back(layer);
  }
  const auto total = checked_mul<std::uint64_t>(limits.n_blocks, block_bytes_);
  if (!total) return fail(ErrorCode::does_not_fit, "the KV cache would overflow memory");
  memory_ = TRY(PageMemory::allocate(*total, PageMemory::Pages::huge));
  return {};
}

}  // namespace hearth::model
