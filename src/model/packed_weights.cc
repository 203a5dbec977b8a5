// SPDX-License-Identifier: Apache-2.0
#include "model/packed_weights.h"

#include <algorithm>

#include "base/checked.h"
#include "base/mapped_file.h"
#include "kernels/kernels.h"
#include "kernels/packed.h"

namespace hearth::model {
namespace {

using kernels::kPanelRows;

// Work between two looks at whether loading goes on.
constexpr std::size_t kStep = std::size_t{8} << 20;

kernels::WeightType type_of(const format::Tensor& tensor) {
  return static_cast<kernels::WeightType>(tensor.type);
}

std::size_t n_panels(const format::Tensor& tensor) {
  return (tensor.dims[1] + kPanelRows - 1) / kPanelRows;
}

}  // namespace

Result<void> PackedWeights::allocate(const Plan& plan, DeviceId device,
                                     const kernels::Kernels& table) {
  plan_ = &plan;
  offsets_.assign(plan.tensors.size(), kNone);
  std::size_t total = 0;
  for (std::size_t i = 0; i < plan.tensors.size(); ++i) {
    const PlanTensor& tensor = plan.tensors[i];
    const bool is_matrix =
        tensor.use == TensorUse::matrix || tensor.use == TensorUse::embedding_and_matrix;
    if (tensor.device != device || !is_matrix || !table.packed) continue;
    const kernels::WeightType type = type_of(*tensor.source);
    if (!kernels::is_packed(type)) continue;
    const auto bytes = checked_mul<std::size_t>(
        n_panels(*tensor.source), kernels::packed_panel_bytes(type, tensor.source->dims[0]));
    const auto sum = bytes ? checked_add(total, *bytes) : std::nullopt;
    if (!sum) return fail(ErrorCode::does_not_fit, "the packed weights would overflow memory");
    offsets_[i] = total;
    total = *sum;
  }
  memory_ = TRY(PageMemory::allocate(total, PageMemory::Pages::huge));
  return {};
}

bool PackedWeights::pack(TensorId id, ThreadPool& pool,
                         const std::function<bool(std::size_t)>& going_on) {
  const format::Tensor& tensor = *plan_->tensors[id].source;
  const kernels::WeightType type = type_of(tensor);
  const std::size_t k = tensor.dims[0], n_rows = tensor.dims[1];
  const std::size_t row_bytes = tensor.bytes.size() / n_rows;
  const std::size_t panel_bytes = kernels::packed_panel_bytes(type, k);
  const std::size_t panels_each = std::max<std::size_t>(1, kStep / (kPanelRows * row_bytes));
  for (std::size_t first = 0; first < n_panels(tensor); first += panels_each) {
    const std::size_t n = std::min(panels_each, n_panels(tensor) - first);
    for_each_item(pool, n, 4, [&](std::size_t i, unsigned) {
      const std::size_t panel = first + i, row = panel * kPanelRows;
      kernels::pack_panel(type, &tensor.bytes[row * row_bytes], row_bytes, k,
                          std::min(kPanelRows, n_rows - row),
                          memory_.data() + offsets_[id] + panel * panel_bytes);
    });
    const std::size_t done = std::min(n_rows, (first + n) * kPanelRows) * row_bytes;
    release_mapped_pages(tensor.bytes.first(done));
    if (!going_on(done)) return false;
  }
  return true;
}

const void* PackedWeights::matrix(TensorId tensor) const {
  if (offsets_[tensor] != kNone) return memory_.data() + offsets_[tensor];
  return plan_->tensors[tensor].source->bytes.data();
}

}  // namespace hearth::model
