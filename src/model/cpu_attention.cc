// SPDX-License-Identifier: Apache-2.0
//
// Attention of the CPU executor over paged KV blocks. Partial results of fixed chunks of 256
// absolute key positions are merged in ascending order, so that neither batch nor number of workers
// can change a bit. The heads of a group and neighbouring rows of a sequence read the same keys and
// values: a worker takes them through a chunk together, while it is near. Where few queries leave
// room it takes several KV heads through a chunk before it goes on to the next: their keys lie
// beside each other (cpu_kv.h), and memory read in the order in which it lies is read faster.
#include <algorithm>
#include <limits>

#include "kernels/kv_blocks.h"
#include "model/cpu_executor_internal.h"

namespace hearth::model {

using kernels::AttentionState;
using kernels::kChunkTokens;
using kernels::KeyRange;
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
      attend_rows(step, {begin, end}, {0, n_heads}, worker);
      for (std::size_t i = begin; i < end; ++i) quantize_row(phase, i);
    });
    return;
  }
  if (!attend_in_parts(step)) {
    // As much together as leaves some items for every worker: rows of a sequence, which share the
    // reading, or else heads, whose keys lie beside each other.
    const std::size_t most = n_rows * n_heads / attention_items();
    const bool shares = context_->batch->sequences.size() < n_rows;
    const std::size_t heads_each = shares ? 1 : std::clamp<std::size_t>(most, 1, n_heads);
    const std::size_t rows_each = std::clamp<std::size_t>(most / heads_each, 1, kItemRows);
    const std::size_t n_items = (n_heads + heads_each - 1) / heads_each;
    for_each((n_rows + rows_each - 1) / rows_each * n_items, 1,
             [&](std::size_t item, unsigned worker) {
               const std::size_t begin = item / n_items * rows_each;
               const std::size_t head = item % n_items * heads_each;
               attend_rows(step, {begin, std::min(n_rows, begin + rows_each)},
                           {head, std::min(n_heads, head + heads_each)}, worker);
             });
  }
  for (std::size_t i = 0; i < n_rows; ++i) quantize_row(phase, i);
}

// So many that a worker which is held up leaves little undone.
std::size_t CpuExecutor::attention_items() const {
  return pool_.size() == 1 ? 1 : 4 * pool_.size();
}

void CpuExecutor::attend_rows(const Step& step, Range rows, Range kv_heads, std::size_t worker) {
  while (rows.begin < rows.end) {
    const Range together = rows_together(step, rows);
    Queries queries;
    NextQuery next = {kv_heads.begin, 0};
    while (take_queries(step, together, kv_heads, worker, next, queries))
      attend_queries(step, queries, worker);
    rows.begin = together.end;
  }
}

void CpuExecutor::attend_queries(const Step& step, const Queries& queries, std::size_t worker) {
  const KvShape& shape = plan_->kv[step.layer];
  std::array<AttentionState, kItemQueries> states, partials;
  for (std::size_t i = 0; i < queries.n; ++i) {
    states[i] = {-std::numeric_limits<float>::infinity(), 0.0f, scratch_.sum(worker, i)};
    partials[i] = {0.0f, 0.0f, scratch_.part(worker, i)};
  }
  for (std::size_t chunk = queries.all_keys.begin / kChunkTokens * kChunkTokens;
       chunk < queries.all_keys.end; chunk += kChunkTokens) {
    attend_chunk(step, queries, chunk, partials.data());
    for (std::size_t i = 0; i < queries.n; ++i)
      kernels_.merge_attention(&states[i], partials[i], shape.v_dim);
  }
  for (std::size_t i = 0; i < queries.n; ++i)
    finish_query(shape, queries.head[i], states[i], queries.out[i]);
}

void CpuExecutor::attend_chunk(const Step& step, const Queries& queries, std::size_t chunk,
                               AttentionState* partials) {
  kernels::AttendChunkArgs args = chunk_args(plan_->kv[step.layer]);
  const std::size_t together = kernels::queries_of_call(limits_.k_type);
  KeyRange keys[kItemQueries];
  for (std::size_t i = 0; i < queries.n; ++i) keys[i] = within_chunk(queries.keys[i], chunk);
  // What is read after the chunk of a run, as if this were the first of all.
  const auto panels_of = [&](std::size_t run, std::size_t of_chunk) {
    if (run == queries.n_runs) {
      run = 0;
      of_chunk += kChunkTokens;
    }
    return find_panels(step.layer, queries.sequence, queries.runs[run].kv_head,
                       {std::max(queries.all_keys.begin, of_chunk),
                        std::min(queries.all_keys.end, of_chunk + kChunkTokens)});
  };
  ChunkPanels panels = panels_of(0, chunk);
  for (std::size_t r = 0; r < queries.n_runs; ++r) {
    const Queries::Run& run = queries.runs[r];
    const ChunkPanels next = panels_of(r + 1, chunk);
    args.quantized = run.quantized;
    args.k_panels = panels.k.data();
    args.v_panels = panels.v.data();
    args.next_k_panels = next.k.data() + next.begin;
    args.is_near = false;
    for (std::size_t first = run.begin; first < run.end; first += together) {
      args.n_queries = std::min(together, run.end - first);
      args.q = &queries.q[first];
      args.keys = &keys[first];
      args.n_next = first + together < run.end ? 0 : next.end - next.begin;
      if (std::all_of(args.keys, args.keys + args.n_queries,
                      [](KeyRange range) { return range.end == 0; })) {
        // Above the diagonal, or before the windows.
        for (std::size_t i = 0; i < args.n_queries; ++i)
          partials[first + i].max = -std::numeric_limits<float>::infinity();
        continue;
      }
      kernels_.attend_chunk(args, &partials[first]);
      args.is_near = true;
    }
    panels = next;
  }
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

// The panels of the keys in a range that lies in one chunk; none where the range is empty.
CpuExecutor::ChunkPanels CpuExecutor::find_panels(std::size_t layer, std::uint32_t sequence,
                                                  std::size_t kv_head, KeyRange keys) const {
  ChunkPanels panels{};
  const std::span<const BlockId> blocks = context_->batch->sequences[sequence].blocks;
  panels.begin = panels.end = keys.begin % kChunkTokens / kPanelTokens;
  for (std::size_t position = keys.begin / kPanelTokens * kPanelTokens; position < keys.end;
       position += kPanelTokens, ++panels.end) {
    const BlockId block = blocks[position / kBlockTokens];
    const std::size_t panel = position % kBlockTokens / kPanelTokens;
    panels.k[panels.end] = kv_.k_panel(layer, block, kv_head, panel);
    panels.v[panels.end] = kv_.v_panel(layer, block, kv_head, panel);
  }
  return panels;
}

}  // namespace hearth::model
