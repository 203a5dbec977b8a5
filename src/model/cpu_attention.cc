// SPDX-License-Identifier: Apache-2.0
//
// Attention of the CPU executor over paged KV blocks. A worker forms the partial results of fixed
// chunks of 256 absolute key positions and merges them in ascending order, so that neither batch
// nor number of workers can change a bit. The heads of a group and neighbouring rows of a sequence
// read the same keys and values, and go through them together.
#include <algorithm>
#include <limits>

#include "model/cpu_executor_internal.h"

namespace hearth::model {

using kernels::kChunkTokens;
using kernels::kPanelsPerChunk;
using kernels::kPanelTokens;

namespace {

using kernels::AttentionState;
using kernels::KeyRange;
using kernels::kMaxQueries;

// The keys of its sequence that a row sees.
KeyRange visible_keys(const BatchRow& row, std::uint32_t window) {
  const std::size_t next = std::size_t{row.kv_index} + 1;
  return {window != 0 && next > window ? next - window : 0,
          row.mask == MaskKind::span ? row.span_end : next};
}

}  // namespace

void CpuExecutor::run_attention(const Phase& phase) {
  const Step& step = phase.steps.front();
  const std::size_t n_heads = plan_->kv[step.layer].n_kv_heads;
  const std::vector<BatchRow>& rows = context_->batch->rows;
  begin_quantizing(phase);
  constexpr std::size_t kRows = 4;
  if (rows.size() < 2 * kRows * pool_.size()) {
    for_each(rows.size() * n_heads, 1, [&](std::size_t item, unsigned worker) {
      const std::size_t row = item / n_heads;
      attend_rows(step, row, row + 1, item % n_heads, worker);
    });
    for (std::size_t i = 0; i < rows.size(); ++i) quantize_row(phase, i);
    return;
  }
  // A few rows at a time with all their heads, so that they can be quantised at once; the last
  // rows, which have the most keys, first.
  const std::size_t n_items = (rows.size() + kRows - 1) / kRows;
  for_each(n_items, 1, [&](std::size_t item, unsigned worker) {
    const std::size_t begin = (n_items - 1 - item) * kRows;
    const std::size_t end = std::min(rows.size(), begin + kRows);
    for (std::size_t head = 0; head < n_heads; ++head) attend_rows(step, begin, end, head, worker);
    for (std::size_t i = begin; i < end; ++i) quantize_row(phase, i);
  });
}

void CpuExecutor::attend_rows(const Step& step, std::size_t begin, std::size_t end,
                              std::size_t kv_head, std::size_t worker) {
  const KvShape& shape = plan_->kv[step.layer];
  const std::vector<BatchRow>& rows = context_->batch->rows;
  const std::size_t group = shape.n_heads / shape.n_kv_heads;
  Queries queries;
  for (std::size_t i = begin; i < end; ++i) {
    if (queries.n != 0 && queries.sequence != rows[i].sequence)
      attend_queries(step, kv_head, worker, queries);
    queries.sequence = rows[i].sequence;
    for (std::size_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
      queries.q[queries.n] = row(step.a, i) + head * shape.k_dim;
      queries.out[queries.n] = row(step.out, i) + head * shape.v_dim;
      queries.keys[queries.n] = visible_keys(rows[i], shape.window);
      if (++queries.n == kMaxQueries) attend_queries(step, kv_head, worker, queries);
    }
  }
  if (queries.n != 0) attend_queries(step, kv_head, worker, queries);
}

void CpuExecutor::attend_queries(const Step& step, std::size_t kv_head, std::size_t worker,
                                 Queries& queries) {
  const KvShape& shape = plan_->kv[step.layer];
  float* scratch = reinterpret_cast<float*>(attention_scratch_.data()) +
                   2 * kMaxQueries * worker * scratch_stride_;
  AttentionState states[kMaxQueries];
  KeyRange all = queries.keys[0];
  for (std::size_t i = 0; i < queries.n; ++i) {
    states[i] = {-std::numeric_limits<float>::infinity(), 0.0f, scratch + i * scratch_stride_};
    all.begin = std::min(all.begin, queries.keys[i].begin);
    all.end = std::max(all.end, queries.keys[i].end);
  }
  for (std::size_t chunk = all.begin / kChunkTokens * kChunkTokens; chunk < all.end;
       chunk += kChunkTokens) {
    // The queries that see keys of this chunk.
    const float* q[kMaxQueries];
    KeyRange keys[kMaxQueries];
    AttentionState partials[kMaxQueries];
    std::size_t of[kMaxQueries], n = 0;
    for (std::size_t i = 0; i < queries.n; ++i) {
      const KeyRange seen = {std::max(queries.keys[i].begin, chunk),
                             std::min(queries.keys[i].end, chunk + kChunkTokens)};
      if (seen.begin >= seen.end) continue;
      q[n] = queries.q[i];
      keys[n] = {seen.begin - chunk, seen.end - chunk};
      partials[n] = {0.0f, 0.0f, scratch + (kMaxQueries + i) * scratch_stride_};
      of[n++] = i;
    }
    if (n == 0) continue;
    const void* k_panels[kPanelsPerChunk] = {};
    const void* v_panels[kPanelsPerChunk] = {};
    find_panels(step.layer, queries.sequence, kv_head,
                {std::max(all.begin, chunk), std::min(all.end, chunk + kChunkTokens)}, k_panels,
                v_panels);
    kernels::AttendChunkArgs args{};
    args.q = q;
    args.keys = keys;
    args.n_queries = n;
    args.k_dim = shape.k_dim;
    args.v_dim = shape.v_dim;
    args.scale = plan_->attention_scale;
    args.k_type = limits_.k_type;
    args.v_type = limits_.v_type;
    args.k_panels = k_panels;
    args.v_panels = v_panels;
    kernels_.attend_chunk(args, partials);
    for (std::size_t j = 0; j < n; ++j)
      kernels_.merge_attention(&states[of[j]], partials[j], shape.v_dim);
  }
  for (std::size_t i = 0; i < queries.n; ++i)
    kernels_.finish_attention(states[i], shape.v_dim, queries.out[i]);
  queries.n = 0;
}

// The panels of the keys in a range that lies in one chunk.
void CpuExecutor::find_panels(std::size_t layer_index, std::uint32_t sequence, std::size_t kv_head,
                              KeyRange keys, const void** k_panels, const void** v_panels) const {
  const LayerKv& layer = kv_[layer_index];
  const std::span<const BlockId> blocks = context_->batch->sequences[sequence].blocks;
  for (std::size_t position = keys.begin / kPanelTokens * kPanelTokens; position < keys.end;
       position += kPanelTokens) {
    const BlockId block = blocks[position / kBlockTokens];
    const std::size_t panel = position % kBlockTokens / kPanelTokens;
    const std::size_t in_chunk = position % kChunkTokens / kPanelTokens;
    k_panels[in_chunk] = layer.k_panel(block, kv_head, panel);
    v_panels[in_chunk] = layer.v_panel(block, kv_head, panel);
  }
}

}  // namespace hearth::model
