// SPDX-License-Identifier: Apache-2.0
//
// Attention of the CPU executor over paged KV blocks. Work is split by (row, KV head); each worker
// forms the partial results of fixed chunks of 256 absolute key positions and merges them in
// ascending order, so that neither the batch nor the number of workers can change a bit.
#include <limits>

#include "base/check.h"
#include "model/cpu_executor_internal.h"

namespace hearth::model {

using kernels::kChunkTokens;
using kernels::kPanelsPerChunk;
using kernels::kPanelTokens;

void CpuExecutor::store_kv(const Step& step) {
  const KvShape& shape = plan_->kv[step.layer];
  const LayerKv& layer = kv_[step.layer];
  const Batch& batch = *context_->batch;
  for_each(batch.rows.size(), 8, [&](std::size_t i, unsigned) {
    const BatchRow& source = batch.rows[i];
    const BlockId block = batch.sequences[source.sequence].blocks[source.kv_index / kBlockTokens];
    const std::size_t panel = source.kv_index % kBlockTokens / kPanelTokens;
    const std::size_t slot = source.kv_index % kPanelTokens;
    for (std::size_t head = 0; head < shape.n_kv_heads; ++head) {
      kernels_.store_key(row(step.a, i) + head * shape.k_dim, shape.k_dim, limits_.k_type,
                         layer.k_panel(block, head, panel), slot);
      kernels_.store_value(row(step.b, i) + head * shape.v_dim, shape.v_dim, limits_.v_type,
                           layer.v_panel(block, head, panel), slot);
    }
  });
}

void CpuExecutor::attend(const Step& step) {
  const KvShape& shape = plan_->kv[step.layer];
  const std::vector<BatchRow>& rows = context_->batch->rows;
  for_each(rows.size() * shape.n_kv_heads, 1, [&](std::size_t item, unsigned worker) {
    const std::size_t i = item / shape.n_kv_heads;
    attend_head(step, rows[i], i, item % shape.n_kv_heads, worker);
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
