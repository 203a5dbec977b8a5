// SPDX-License-Identifier: Apache-2.0
//
// Attention of the CPU executor over paged KV blocks. A worker forms the partial results of fixed
// chunks of 256 absolute key positions and merges them in ascending order, so that neither batch
// nor number of workers can change a bit.
#include <algorithm>
#include <limits>

#include "model/cpu_executor_internal.h"

namespace hearth::model {

using kernels::kChunkTokens;
using kernels::kPanelsPerChunk;
using kernels::kPanelTokens;

void CpuExecutor::run_attention(const Phase& phase) {
  const Step& step = phase.steps.front();
  const std::size_t n_heads = plan_->kv[step.layer].n_kv_heads;
  const std::vector<BatchRow>& rows = context_->batch->rows;
  begin_quantizing(phase);
  constexpr std::size_t kRows = 4;
  if (rows.size() < 2 * kRows * pool_.size()) {
    for_each(rows.size() * n_heads, 1, [&](std::size_t item, unsigned worker) {
      attend_head(step, rows[item / n_heads], item / n_heads, item % n_heads, worker);
    });
    for (std::size_t i = 0; i < rows.size(); ++i) quantize_row(phase, i);
    return;
  }
  // A few rows at a time with all their heads, so that they can be quantised at once; the rows of a
  // head after each other, whose keys are then in a near cache; the last rows, which have the most
  // keys, first.
  const std::size_t n_items = (rows.size() + kRows - 1) / kRows;
  for_each(n_items, 1, [&](std::size_t item, unsigned worker) {
    const std::size_t begin = (n_items - 1 - item) * kRows;
    const std::size_t end = std::min(rows.size(), begin + kRows);
    for (std::size_t head = 0; head < n_heads; ++head)
      for (std::size_t i = begin; i < end; ++i) attend_head(step, rows[i], i, head, worker);
    for (std::size_t i = begin; i < end; ++i) quantize_row(phase, i);
  });
}

void CpuExecutor::attend_head(const Step& step, const BatchRow& query, std::size_t row_index,
                              std::size_t kv_head, std::size_t worker) {
  const KvShape& shape = plan_->kv[step.layer];
  const LayerKv& layer = kv_[step.layer];
  const std::span<const BlockId> blocks = context_->batch->sequences[query.sequence].blocks;
  const std::size_t end = query.mask == MaskKind::span ? query.span_end : query.kv_index + 1;
  const std::size_t begin = shape.window != 0 && query.kv_index + 1 > shape.window
                                ? query.kv_index + 1 - shape.window
                                : 0;
  const std::size_t group = shape.n_heads / shape.n_kv_heads;

  float* scratch = &attention_scratch_[2 * worker * scratch_stride_];
  for (std::size_t g = 0; g < group; ++g) {
    const std::size_t head = kv_head * group + g;
    kernels::AttentionState state{-std::numeric_limits<float>::infinity(), 0.0f, scratch};
    kernels::AttentionState partial{0.0f, 0.0f, scratch + scratch_stride_};
    for (std::size_t chunk = begin / kChunkTokens; chunk * kChunkTokens < end; ++chunk) {
      const std::size_t chunk_begin = chunk * kChunkTokens;
      const void* k_panels[kPanelsPerChunk] = {};
      const void* v_panels[kPanelsPerChunk] = {};
      for (std::size_t p = 0; p < kPanelsPerChunk; ++p) {
        const std::size_t position = chunk_begin + p * kPanelTokens;
        if (position >= end) break;
        const BlockId block = blocks[position / kBlockTokens];
        const std::size_t panel = position % kBlockTokens / kPanelTokens;
        k_panels[p] = layer.k_panel(block, kv_head, panel);
        v_panels[p] = layer.v_panel(block, kv_head, panel);
      }
      kernels::AttendChunkArgs args{};
      args.q = row(step.a, row_index) + head * shape.k_dim;
      args.k_dim = shape.k_dim;
      args.v_dim = shape.v_dim;
      args.scale = plan_->attention_scale;
      args.k_type = limits_.k_type;
      args.v_type = limits_.v_type;
      args.k_panels = k_panels;
      args.v_panels = v_panels;
      args.key_begin = begin > chunk_begin ? begin - chunk_begin : 0;
      args.key_end = std::min(end - chunk_begin, kChunkTokens);
      kernels_.attend_chunk(args, &partial);
      kernels_.merge_attention(&state, partial, shape.v_dim);
    }
    kernels_.finish_attention(state, shape.v_dim, row(step.out, row_index) + head * shape.v_dim);
  }
}

}  // namespace hearth::model
