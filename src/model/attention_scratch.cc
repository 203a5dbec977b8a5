// SPDX-License-Identifier: Apache-2.0
#include "model/attention_scratch.h"

#include <algorithm>

namespace hearth::model {
namespace {

constexpr std::size_t lines(std::size_t bytes) {
  return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
}

// Where the parts of an item's quantised queries lie.
struct QuantsLayout {
  std::size_t q_stride, scales_at, sums_at, blocked_at, bytes;

  explicit QuantsLayout(std::size_t k_stored)
      : q_stride(lines(k_stored)),
        scales_at(kItemQueries * q_stride),
        sums_at(scales_at + lines(kItemQueries * (k_stored / 32) * sizeof(float))),
        blocked_at(sums_at + lines(kItemQueries * (q_stride / 16) * sizeof(std::int16_t))),
        bytes(blocked_at + lines(kernels::blocked_bytes(k_stored, kItemQueries))) {}
};

}  // namespace

Result<void> AttentionScratch::allocate(const AttentionSizes& sizes, std::size_t n_workers) {
  sum_stride_ = lines(sizes.v_dim * sizeof(float)) / sizeof(float);
  filled_at_ = 2 * kItemQueries * sum_stride_ * sizeof(float);
  quants_at_ = filled_at_ + lines(sizes.k_stored * sizeof(float));
  worker_bytes_ = quants_at_ + QuantsLayout(sizes.k_stored).bytes;
  memory_ = TRY(PageMemory::allocate(n_workers * worker_bytes_));
  return {};
}

float* AttentionScratch::sum(std::size_t worker, std::size_t query) const {
  return reinterpret_cast<float*>(memory_.data() + worker * worker_bytes_) + query * sum_stride_;
}

kernels::QuantizedActivations AttentionScratch::quantize(const kernels::Kernels& table,
                                                         std::size_t worker, std::size_t first,
                                                         std::span<const float* const> q,
                                                         std::size_t k_dim,
                                                         std::size_t k_stored) const {
  std::byte* mine = memory_.data() + worker * worker_bytes_;
  auto* filled = reinterpret_cast<float*>(mine + filled_at_);
  std::byte* to = mine + quants_at_;
  const QuantsLayout layout(k_stored);
  const std::size_t n_scales = k_stored / 32, n_sums = layout.q_stride / 16;
  auto* quants = reinterpret_cast<std::int8_t*>(to) + first * layout.q_stride;
  auto* scales = reinterpret_cast<float*>(to + layout.scales_at) + first * n_scales;
  auto* sums = reinterpret_cast<std::int16_t*>(to + layout.sums_at) + first * n_sums;
  std::fill_n(filled, k_stored, 0.0f);
  for (std::size_t i = 0; i < q.size(); ++i) {
    std::copy_n(q[i], k_dim, filled);
    table.quantize_q8_32(filled, k_stored, quants + i * layout.q_stride, scales + i * n_scales,
                         sums + i * n_sums);
  }
  kernels::QuantizedActivations view{quants,   scales, sums,   layout.q_stride,
                                     n_scales, n_sums, nullptr};
  if (kernels::wants_blocked(table, q.size())) {
    std::byte* blocked = to + layout.blocked_at + kernels::blocked_bytes(k_stored, first);
    table.block_activations(view, kernels::ActivationForm::q8_32, k_stored, q.size(), 0, q.size(),
                            blocked);
    view.blocked = blocked;
  }
  return view;
}

}  // namespace hearth::model
