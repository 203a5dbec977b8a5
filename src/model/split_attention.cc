// SPDX-License-Identifier: Apache-2.0
//
// Attention of few rows over long pasts: with fewer KV heads than workers would like to have, the
// chunks of a head are shared out too. Each leaves its partial result; whoever finishes the last of
// a head merges them, in ascending order as always.
#include <algorithm>
#include <limits>

#include "model/cpu_executor_internal.h"

namespace hearth::model {

using kernels::AttentionState;
using kernels::kChunkTokens;
using kernels::KeyRange;
using kernels::kMaxQueries;

namespace {

struct Chunks {
  std::size_t first, n;
};

Chunks chunks_of(KeyRange keys) {
  const std::size_t first = keys.begin / kChunkTokens;
  return {first, (keys.end + kChunkTokens - 1) / kChunkTokens - first};
}

}  // namespace

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
  const std::vector<BatchRow>& rows = context_->batch->rows;
  const std::size_t n_heads = shape.n_kv_heads;
  if (pool_.size() == 1 || rows.size() > kSplitRows || rows.size() * n_heads >= 4 * pool_.size())
    return false;
  // Items of row i begin at begins[i]: [kv head][chunk].
  std::array<std::size_t, kSplitRows + 1> begins{};
  for (std::size_t i = 0; i < rows.size(); ++i)
    begins[i + 1] = begins[i] + n_heads * chunks_of(visible_keys(rows[i], shape.window)).n;
  const std::size_t n_items = begins[rows.size()];
  if (n_items > kMaxParts || n_items == rows.size() * n_heads) return false;
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t head = 0; head < n_heads; ++head)
      parts_left_[i * n_heads + head].store(
          static_cast<std::uint32_t>((begins[i + 1] - begins[i]) / n_heads),
          std::memory_order_relaxed);
  for_each(n_items, 1, [&](std::size_t item, unsigned worker) {
    const auto after = std::upper_bound(begins.begin(), begins.begin() + rows.size() + 1, item);
    const auto i = static_cast<std::size_t>(after - begins.begin()) - 1;
    const std::size_t n_chunks = (begins[i + 1] - begins[i]) / n_heads;
    const std::size_t head = (item - begins[i]) / n_chunks;
    attend_part(step, i, head, (item - begins[i]) % n_chunks, item, worker);
    if (parts_left_[i * n_heads + head].fetch_sub(1, std::memory_order_acq_rel) == 1)
      merge_parts(step, i, head, begins[i] + head * n_chunks, n_chunks);
  });
  return true;
}

// Chunk number `chunk` of those that a row sees, for the heads of one group.
void CpuExecutor::attend_part(const Step& step, std::size_t i, std::size_t kv_head,
                              std::size_t chunk, std::size_t part, std::size_t worker) {
  const KvShape& shape = plan_->kv[step.layer];
  const BatchRow& source = context_->batch->rows[i];
  const std::size_t group = shape.n_heads / shape.n_kv_heads;
  const KeyRange visible = visible_keys(source, shape.window);
  const std::size_t base = (chunks_of(visible).first + chunk) * kChunkTokens;
  const KeyRange seen = {std::max(visible.begin, base), std::min(visible.end, base + kChunkTokens)};
  const ChunkPanels panels = find_panels(step.layer, source.sequence, kv_head, seen);
  kernels::AttendChunkArgs args = chunk_args(shape);
  args.k_panels = panels.k.data();
  args.v_panels = panels.v.data();
  KeyRange keys[kMaxQueries];
  std::fill_n(keys, kMaxQueries, KeyRange{seen.begin - base, seen.end - base});
  args.keys = keys;
  for (std::size_t first = 0; first < group; first += kMaxQueries) {
    const float* q[kMaxQueries];
    args.n_queries = std::min(kMaxQueries, group - first);
    AttentionState* states = &part_states_[part * group + first];
    for (std::size_t j = 0; j < args.n_queries; ++j) {
      q[j] = row(step.a, i) + (kv_head * group + first + j) * shape.k_dim;
      states[j] = {0.0f, 0.0f, part_sum(part * group + first + j, shape.v_dim)};
    }
    args.q = q;
    if (kernels::kv_in_blocks(limits_.k_type))
      args.quantized =
          scratch_.quantize(kernels_, worker, q, args.n_queries, shape.k_dim, args.k_stride);
    kernels_.attend_chunk(args, states);
    args.is_near = true;
  }
}

void CpuExecutor::merge_parts(const Step& step, std::size_t i, std::size_t kv_head,
                              std::size_t first_part, std::size_t n_parts) {
  const KvShape& shape = plan_->kv[step.layer];
  const std::size_t group = shape.n_heads / shape.n_kv_heads;
  for (std::size_t j = 0; j < group; ++j) {
    AttentionState& state = part_states_[first_part * group + j];
    for (std::size_t part = first_part + 1; part < first_part + n_parts; ++part)
      kernels_.merge_attention(&state, part_states_[part * group + j], shape.v_dim);
    const std::size_t head = kv_head * group + j;
    finish_query(shape, head, state, row(step.out, i) + head * shape.v_dim);
  }
}

}  // namespace hearth::model
