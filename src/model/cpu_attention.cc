// SPDX-License-Identifier: Apache-2.0
//
// Attention of the CPU executor over paged KV blocks. Partial results of fixed chunks of 256
// absolute key positions are merged in ascending order, so that neither batch nor number of workers
// can change a bit. The heads of a group and neighbouring rows of a sequence read the same keys and
// values: a worker takes them through a chunk together, while it is near.
#include <algorithm>
#include <limits>

#include "kernels/kv_blocks.h"
#include "model/cpu_executor_internal.h"

namespace hearth::model {

using kernels::AttentionState;
using kernels::kChunkTokens;
using kernels::KeyRange;
using kernels::kMaxQueries;
using kernels::kPanelTokens;

namespace {

// Rows that an item of a large batch has.
constexpr std::size_t kItemRows = 16;

constexpr KeyRange within_chunk(KeyRange keys, std::size_t chunk) {
  const std::size_t begin = std::max(keys.begin, chunk);
  const std::size_t end = std::min(keys.end, chunk + kChunkTokens);
  return begin < end ? KeyRange{begin - chunk, end - chunk} : KeyRange{0, 0};
}

}  // namespace

KeyRange visible_keys(const BatchRow& row, std::uint32_t window) {
  const std::size_t next = std::size_t{row.kv_index} + 1;
  return {window != 0 && next > window ? next - window : 0,
          row.mask == MaskKind::span ? row.span_end : next};
}

void CpuExecutor::run_attention(const Phase& phase) {
  const Step& step = phase.steps.front();
  const std::size_t n_heads = plan_->kv[step.layer].n_kv_heads;
  const std::size_t n_rows = context_->batch->rows.size();
  begin_quantizing(phase);
  if (n_rows >= 2 * kItemRows * pool_.size()) {
    // Some rows with all their heads, so that they can be quantised at once; the last rows, which
    // have the most keys, first.
    const std::size_t n_items = (n_rows + kItemRows - 1) / kItemRows;
    for_each(n_items, 1, [&](std::size_t item, unsigned worker) {
      const std::size_t begin = (n_items - 1 - item) * kItemRows;
      const std::size_t end = std::min(n_rows, begin + kItemRows);
      for (std::size_t head = 0; head < n_heads; ++head)
        attend_rows(step, begin, end, head, worker);
      for (std::size_t i = begin; i < end; ++i) quantize_row(phase, i);
    });
    return;
  }
  if (!attend_in_parts(step)) {
    // As many rows together as leave some items for every worker.
    const std::size_t each =
        std::clamp<std::size_t>(n_rows * n_heads / (4 * pool_.size()), 1, kItemRows);
    const std::size_t n_items = (n_rows + each - 1) / each * n_heads;
    for_each(n_items, 1, [&](std::size_t item, unsigned worker) {
      const std::size_t begin = item / n_heads * each;
      attend_rows(step, begin, std::min(n_rows, begin + each), item % n_heads, worker);
    });
  }
  for (std::size_t i = 0; i < n_rows; ++i) quantize_row(phase, i);
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
      queries.head[queries.n] = head;
      if (++queries.n == kItemQueries) attend_queries(step, kv_head, worker, queries);
    }
  }
  if (queries.n != 0) attend_queries(step, kv_head, worker, queries);
}

void CpuExecutor::attend_queries(const Step& step, std::size_t kv_head, std::size_t worker,
                                 Queries& queries) {
  const KvShape& shape = plan_->kv[step.layer];
  std::array<AttentionState, kItemQueries> states;
  KeyRange all = queries.keys[0];
  for (std::size_t i = 0; i < queries.n; ++i) {
    states[i] = {-std::numeric_limits<float>::infinity(), 0.0f, scratch_.sum(worker, i)};
    all.begin = std::min(all.begin, queries.keys[i].begin);
    all.end = std::max(all.end, queries.keys[i].end);
  }
  kernels::AttendChunkArgs args = chunk_args(shape);
  const std::size_t together = kernels::queries_of_call(limits_.k_type);
  if (kernels::kv_in_blocks(limits_.k_type))  // all in one call
    args.quantized = scratch_.quantize(kernels_, worker, queries.q.data(), queries.n, shape.k_dim,
                                       args.k_stride);
  const auto panels_of = [&](std::size_t chunk) {
    return find_panels(step.layer, queries.sequence, kv_head,
                       {std::max(all.begin, chunk), std::min(all.end, chunk + kChunkTokens)});
  };
  std::size_t chunk = all.begin / kChunkTokens * kChunkTokens;
  ChunkPanels panels = panels_of(chunk), next{};
  for (; chunk < all.end; chunk += kChunkTokens, panels = next) {
    next = chunk + kChunkTokens < all.end ? panels_of(chunk + kChunkTokens) : ChunkPanels{};
    args.k_panels = panels.k.data();
    args.v_panels = panels.v.data();
    bool is_near = false;
    for (std::size_t first = 0; first < queries.n; first += together) {
      KeyRange keys[kMaxQueries];
      AttentionState partials[kMaxQueries];
      args.n_queries = std::min(together, queries.n - first);
      bool any = false;
      for (std::size_t i = 0; i < args.n_queries; ++i) {
        keys[i] = within_chunk(queries.keys[first + i], chunk);
        any = any || keys[i].end != 0;
        partials[i] = {0.0f, 0.0f, scratch_.part(worker, i)};
      }
      if (!any) continue;  // above the diagonal, or before the windows
      args.q = &queries.q[first];
      args.keys = keys;
      args.is_near = is_near;
      args.next_k_panels = next.k.data();
      args.n_next = first + together < queries.n ? 0 : next.n;
      kernels_.attend_chunk(args, partials);
      is_near = true;
      for (std::size_t i = 0; i < args.n_queries; ++i)
        kernels_.merge_attention(&states[first + i], partials[i], shape.v_dim);
    }
  }
  for (std::size_t i = 0; i < queries.n; ++i)
    finish_query(shape, queries.head[i], states[i], queries.out[i]);
  queries.n = 0;
}

// Everything of a call that depends on the layer alone.
kernels::AttendChunkArgs CpuExecutor::chunk_args(const KvShape& shape) const {
  kernels::AttendChunkArgs args{};
  args.k_dim = shape.k_dim;
  args.v_dim = shape.v_dim;
  args.k_stride = kernels::kv_stored_dim(limits_.k_type, shape.k_dim);
  args.v_row_bytes = kernels::kv_row_bytes(limits_.v_type, shape.v_dim);
  args.scale = plan_->attention_scale;
  args.softcap = shape.softcap;
  args.k_type = limits_.k_type;
  args.key_product = kernels_.matmul[static_cast<std::size_t>(kv_weight_type(limits_.k_type))];
  args.v_type = limits_.v_type;
  return args;
}

// A sink is a key that every query of a head sees, with a score of its own and a value of zeros.
void CpuExecutor::finish_query(const KvShape& shape, std::size_t head, AttentionState& state,
                               float* out) const {
  if (shape.sinks != kNoTensor) {
    std::fill_n(out, shape.v_dim, 0.0f);
    kernels_.merge_attention(&state, {vectors_[shape.sinks][head], 1.0f, out}, shape.v_dim);
  }
  kernels_.finish_attention(state, shape.v_dim, out);
  turn(out, shape.v_dim, limits_.v_type);
}

// The Hadamard turn of one head whose keys or values are kept in this type.
void CpuExecutor::turn(float* head, std::size_t dim, kernels::KvType type) const {
  const std::size_t size = kernels::kv_hadamard_size(type, dim);
  if (size == 1) return;
  for (std::size_t at = 0; at < dim; at += size) kernels_.hadamard(head + at, size);
}

// The panels of the keys in a range that lies in one chunk.
CpuExecutor::ChunkPanels CpuExecutor::find_panels(std::size_t layer, std::uint32_t sequence,
                                                  std::size_t kv_head, KeyRange keys) const {
  ChunkPanels panels{};
  const std::span<const BlockId> blocks = context_->batch->sequences[sequence].blocks;
  for (std::size_t position = keys.begin / kPanelTokens * kPanelTokens; position < keys.end;
       position += kPanelTokens) {
    const BlockId block = blocks[position / kBlockTokens];
    const std::size_t panel = position % kBlockTokens / kPanelTokens;
    const std::size_t in_chunk = position % kChunkTokens / kPanelTokens;
    panels.k[in_chunk] = kv_.k_panel(layer, block, kv_head, panel);
    panels.v[in_chunk] = kv_.v_panel(layer, block, kv_head, panel);
    panels.n = in_chunk + 1;
  }
  return panels;
}

}  // namespace hearth::model
