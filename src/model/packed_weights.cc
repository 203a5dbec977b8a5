// SPDX-License-Identifier: Apache-2.0
#include "model/packed_weights.h"

#include <optional>
#include <utility>

#include "base/checked.h"
#include "kernels/kernels.h"
#include "kernels/packed.h"
#include "model/append_bytes.h"
#include "model/page_memory.h"

namespace hearth::model {
namespace {

kernels::WeightType type_of(const format::Tensor& tensor) {
  return static_cast<kernels::WeightType>(tensor.type);
}

std::size_t n_panels(const format::Tensor& tensor) {
  return (tensor.dims[1] + kernels::kPanelRows - 1) / kernels::kPanelRows;
}

}  // namespace

Result<void> PackedWeights::lay_out(const Plan& plan, DeviceId device,
                                    const kernels::Kernels& table, Rows rows) {
  plan_ = &plan;
  places_.assign(plan.tensors.size(), {});
  total_bytes_ = 0;
  const auto place = [&](std::size_t tensor, Kind kind,
                         std::optional<std::size_t> bytes) -> Result<void> {
    const auto padded = bytes ? checked_align_up(*bytes, kCacheLine) : std::nullopt;
    const auto sum = padded ? checked_add(total_bytes_, *padded) : std::nullopt;
    if (!sum) return fail(ErrorCode::does_not_fit, "the packed weights would overflow memory");
    places_[tensor] = {kind, total_bytes_};
    total_bytes_ = *sum;
    return {};
  };
  const auto wants_panels = [&](const PlanTensor& tensor) {
    const bool is_matrix =
        tensor.use == TensorUse::matrix || tensor.use == TensorUse::embedding_and_matrix;
    return is_matrix && table.packed && kernels::is_packed(type_of(*tensor.source));
  };
  for (std::size_t i = 0; i < plan.tensors.size(); ++i) {
    const PlanTensor& tensor = plan.tensors[i];
    if (tensor.device != device || !wants_panels(tensor)) continue;
    const std::size_t each =
        kernels::packed_panel_bytes(type_of(*tensor.source), tensor.source->dims[0]);
    TRY(place(i, Kind::panels, checked_mul(n_panels(*tensor.source), each)));
  }
  // Whole pages, so that a file of panels can be read past the page cache.
  const auto pages = checked_align_up(total_bytes_, kSmallPage);
  if (!pages) return fail(ErrorCode::does_not_fit, "the packed weights would overflow memory");
  panel_bytes_ = total_bytes_ = *pages;
  if (rows == Rows::stay_mapped) return {};
  for (std::size_t i = 0; i < plan.tensors.size(); ++i) {
    const PlanTensor& tensor = plan.tensors[i];
    if (tensor.device != device || wants_panels(tensor) || tensor.use == TensorUse::vector)
      continue;
    TRY(place(i, Kind::rows, tensor.source->bytes.size()));
  }
  return {};
}

Result<void> PackedWeights::allocate() {
  mapping_ = MappedFile();
  memory_ = TRY(PageMemory::allocate(total_bytes_, PageMemory::Pages::huge));
  base_ = memory_.data();
  return {};
}

void PackedWeights::use_mapping(MappedFile copy, std::size_t offset) {
  mapping_ = std::move(copy);
  base_ = mapping_.bytes().data() + offset;
}

PreparedLayout PackedWeights::prepared_layout(std::string key) const {
  PreparedLayout layout{.key = std::move(key), .panel_bytes = panel_bytes_, .tensors = {}};
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].kind != Kind::panels) continue;
    const format::Tensor& tensor = *plan_->tensors[i].source;
    layout.tensors.push_back({.name = tensor.name,
                              .type = static_cast<std::uint32_t>(tensor.type),
                              .k = tensor.dims[0],
                              .n_rows = tensor.dims[1],
                              .offset = places_[i].offset});
  }
  return layout;
}

const void* PackedWeights::matrix(TensorId tensor) const {
  return is_panels(tensor) ? base_ + places_[tensor].offset : rows(tensor);
}

const std::byte* PackedWeights::rows(TensorId tensor) const {
  if (is_copied_rows(tensor)) return memory_of(tensor);
  return plan_->tensors[tensor].source->bytes.data();
}

}  // namespace hearth::model
