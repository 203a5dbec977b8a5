// SPDX-License-Identifier: Apache-2.0
//
// Attention of few rows over long pasts: the chunks are shared out too, so that every worker has
// enough to do and still takes several KV heads through a chunk together. Each leaves its partial
// results; whoever finishes the last chunk of some heads merges them, in ascending order as always.
#include <algorithm>
#include <limits>

#include "model/cpu_executor_internal.h"

namespace hearth::model {

using kernels::AttentionState;
using kernels::kChunkTokens;
using kernels::KeyRange;

// Rows of a sequence whose queries of a KV head go through the keys together.
struct CpuExecutor::RowRun {
  Range rows, chunks;
  std::size_t first_item;  // of [chunk][KV heads of an item]
  std::size_t first_part;  // of [chunk][KV head][row]
};

Result<void> CpuExecutor::allocate_parts() {
  std::size_t floats = 0, queries = 0;
  for (const KvShape& shape : plan_->kv) {
    if (shape.device != device_) continue;
    const std::size_t group = shape.n_heads / shape.n_kv_heads;
    floats = std::max<std::size_t>(floats, group * shape.v_dim);
    queries = std::max(queries, group);
  }
  part_sums_ = TRY(PageMemory::allocate(kMaxParts * floats * sizeof(float)));
  part_states_ = std::make_unique_for_overwrite<AttentionState[]>(kMaxParts * queries);
  parts_left_ = std::make_unique<std::atomic<std::uint32_t>[]>(kMaxParts);
  return {};
}

bool CpuExecutor::attend_in_parts(const Step& step) {
  const KvShape& shape = plan_->kv[step.layer];
  const std::size_t n_rows = context_->batch->rows.size(), n_heads = shape.n_kv_heads;
  if (pool_.size() == 1 || n_rows > kSplitRows || n_rows >= attention_items()) return false;
  std::array<RowRun, kSplitRows> runs;
  std::size_t n_runs = 0, n_parts = 0, n_chunks = 0;
  for (std::size_t begin = 0; begin < n_rows; begin = runs[n_runs++].rows.end) {
    const Range rows = rows_together(step, {begin, n_rows});
    const Range chunks = chunks_of(step, rows);
    runs[n_runs] = {rows, chunks, 0, n_parts};
    n_chunks += chunks.end - chunks.begin;
    n_parts += (chunks.end - chunks.begin) * n_heads * (rows.end - rows.begin);
  }
  if (n_parts > kMaxParts || n_chunks == n_runs) return false;
  const std::size_t heads_each =
      std::clamp<std::size_t>(n_chunks * n_heads / attention_items(), 1, n_heads);
  const std::size_t n_shares = (n_heads + heads_each - 1) / heads_each;
  std::size_t n_items = 0;
  for (std::size_t r = 0; r < n_runs; ++r) {
    runs[r].first_item = n_items;
    const std::size_t n = runs[r].chunks.end - runs[r].chunks.begin;
    n_items += n * n_shares;
    for (std::size_t share = 0; share < n_shares; ++share)
      parts_left_[r * n_shares + share].store(static_cast<std::uint32_t>(n),
                                              std::memory_order_relaxed);
  }
  for_each(n_items, 1, [&](std::size_t item, unsigned worker) {
    const RowRun* const after =
        std::upper_bound(runs.data(), runs.data() + n_runs, item,
                         [](std::size_t at, const RowRun& run) { return at < run.first_item; });
    const RowRun& run = *(after - 1);
    const std::size_t share = (item - run.first_item) % n_shares;
    const Range heads = {share * heads_each, std::min(n_heads, (share + 1) * heads_each)};
    attend_part(step, run, (item - run.first_item) / n_shares, heads, worker);
    const auto r = static_cast<std::size_t>(&run - runs.data());
    if (parts_left_[r * n_shares + share].fetch_sub(1, std::memory_order_acq_rel) == 1)
      merge_parts(step, run, heads);
  });
  return true;
}

// The chunks that some of these rows see.
CpuExecutor::Range CpuExecutor::chunks_of(const Step& step, Range rows) const {
  KeyRange all = {std::numeric_limits<std::size_t>::max(), 0};
  for (std::size_t i = rows.begin; i < rows.end; ++i) {
    const KeyRange keys = visible_keys(context_->batch->rows[i], plan_->kv[step.layer].window);
    all = {std::min(all.begin, keys.begin), std::max(all.end, keys.end)};
  }
  return {all.begin / kChunkTokens, (all.end + kChunkTokens - 1) / kChunkTokens};
}

// The number of the first query that this chunk and KV head of a run has in part_states_.
std::size_t CpuExecutor::first_query(const Step& step, const RowRun& run, std::size_t chunk,
                                     std::size_t kv_head) const {
  const KvShape& shape = plan_->kv[step.layer];
  const std::size_t n_rows = run.rows.end - run.rows.begin;
  return (run.first_part + (chunk * shape.n_kv_heads + kv_head) * n_rows) *
         (shape.n_heads / shape.n_kv_heads);
}

// Chunk number `chunk` of those that a run sees.
void CpuExecutor::attend_part(const Step& step, const RowRun& run, std::size_t chunk,
                              Range kv_heads, std::size_t worker) {
  const std::size_t v_dim = plan_->kv[step.layer].v_dim;
  std::size_t at = first_query(step, run, chunk, kv_heads.begin);
  Queries queries;
  NextQuery next = {kv_heads.begin, 0};
  while (take_queries(step, run.rows, kv_heads, worker, next, queries)) {
    AttentionState* const states = &part_states_[at];
    for (std::size_t i = 0; i < queries.n; ++i) states[i] = {0.0f, 0.0f, part_sum(at + i, v_dim)};
    attend_chunk(step, queries, (run.chunks.begin + chunk) * kChunkTokens, states);
    at += queries.n;
  }
}

void CpuExecutor::merge_parts(const Step& step, const RowRun& run, Range kv_heads) {
  const KvShape& shape = plan_->kv[step.layer];
  const std::size_t group = shape.n_heads / shape.n_kv_heads;
  const std::size_t n_of_head = (run.rows.end - run.rows.begin) * group;
  for (std::size_t kv_head = kv_heads.begin; kv_head < kv_heads.end; ++kv_head) {
    for (std::size_t query = 0; query < n_of_head; ++query) {
      AttentionState& state = part_states_[first_query(step, run, 0, kv_head) + query];
      for (std::size_t chunk = 1; chunk < run.chunks.end - run.chunks.begin; ++chunk)
        kernels_.merge_attention(
            &state, part_states_[first_query(step, run, chunk, kv_head) + query], shape.v_dim);
      const std::size_t head = kv_head * group + query % group;
      finish_query(shape, head, state,
                   row(step.out, run.rows.begin + query / group) + head * shape.v_dim);
    }
  }
}

}  // namespace hearth::model
