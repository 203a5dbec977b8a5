// SPDX-License-Identifier: Apache-2.0
//
// Which queries go through the keys of a sequence together.
#include <algorithm>

#include "kernels/kv_blocks.h"
#include "model/cpu_executor_internal.h"

namespace hearth::model {

using kernels::KeyRange;

KeyRange visible_keys(const BatchRow& row, std::uint32_t window) {
  const std::size_t next = std::size_t{row.kv_index} + 1;
  return {window != 0 && next > window ? next - window : 0,
          row.mask == MaskKind::span ? row.span_end : next};
}

// The rows of one sequence from `begin` on whose queries of a KV head fit into one call.
CpuExecutor::Range CpuExecutor::rows_together(const Step& step, Range rows) const {
  const KvShape& shape = plan_->kv[step.layer];
  const std::vector<BatchRow>& all = context_->batch->rows;
  const std::size_t most =
      std::max<std::size_t>(1, kItemQueries / (shape.n_heads / shape.n_kv_heads));
  std::size_t end = rows.begin + 1;
  while (end < std::min(rows.end, rows.begin + most) &&
         all[end].sequence == all[rows.begin].sequence)
    ++end;
  return {rows.begin, end};
}

// The next of the queries that these rows of a sequence have of these KV heads: all of a KV head
// together, unless they are too many even for themselves. false: there are no more.
bool CpuExecutor::take_queries(const Step& step, Range rows, Range kv_heads, std::size_t worker,
                               NextQuery& next, Queries& queries) {
  const KvShape& shape = plan_->kv[step.layer];
  const std::size_t n_of_head = (rows.end - rows.begin) * (shape.n_heads / shape.n_kv_heads);
  queries.n = queries.n_runs = 0;
  while (next.kv_head < kv_heads.end && queries.n < kItemQueries) {
    const std::size_t left = n_of_head - next.query;
    const std::size_t n = std::min(left, kItemQueries - queries.n);
    if (n < left && queries.n != 0) break;
    add_queries(step, rows.begin, next, n, worker, queries);
    next.query += n;
    if (n == left) next = {next.kv_head + 1, 0};
  }
  return queries.n != 0;
}

void CpuExecutor::add_queries(const Step& step, std::size_t first_row, NextQuery next,
                              std::size_t n, std::size_t worker, Queries& queries) {
  const KvShape& shape = plan_->kv[step.layer];
  const std::size_t group = shape.n_heads / shape.n_kv_heads;
  const std::size_t begin = queries.n;
  for (std::size_t query = next.query; query < next.query + n; ++query) {
    const std::size_t i = first_row + query / group;
    const std::size_t head = next.kv_head * group + query % group;
    const BatchRow& source = context_->batch->rows[i];
    const KeyRange keys = visible_keys(source, shape.window);
    if (queries.n == 0) {
      queries.sequence = source.sequence;
      queries.all_keys = keys;
    }
    queries.all_keys.begin = std::min(queries.all_keys.begin, keys.begin);
    queries.all_keys.end = std::max(queries.all_keys.end, keys.end);
    queries.q[queries.n] = row(step.a, i) + head * shape.k_dim;
    queries.out[queries.n] = row(step.out, i) + head * shape.v_dim;
    queries.keys[queries.n] = keys;
    queries.head[queries.n] = head;
    ++queries.n;
  }
  Queries::Run& run = queries.runs[queries.n_runs++];
  run = {next.kv_head, begin, queries.n, {}};
  if (kernels::kv_in_blocks(limits_.k_type)) {
    run.quantized = scratch_.quantize(kernels_, worker, begin, {&queries.q[begin], n}, shape.k_dim,
                                      kernels::kv_stored_dim(limits_.k_type, shape.k_dim));
  }
}

}  // namespace hearth::model
