// SPDX-License-Identifier: Apache-2.0
#include "model/roofline.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "base/running_mean.h"

namespace hearth::model {
namespace {

// Adds the multiply-adds; returns the bytes of the weights.
double of_linear(const Plan& plan, const Step& step, double n_rows, Work& work) {
  const format::Tensor& weight = *plan.tensors[step.tensor].source;
  const double macs = static_cast<double>(weight.dims[0] * weight.dims[1]) * n_rows;
  const auto type = static_cast<kernels::WeightType>(weight.type);
  (kernels::activation_form(type) == kernels::ActivationForm::f32 ? work.float_macs
                                                                  : work.int8_macs) += macs;
  return static_cast<double>(weight.bytes.size());
}

// The keys that a row sees: [begin, end).
struct Visible {
  std::size_t begin, end;
};

Visible visible_to(const BatchRow& row, std::uint32_t window) {
  const std::size_t next = std::size_t{row.kv_index} + 1;
  return {window != 0 && next > window ? next - window : 0,
          row.mask == MaskKind::span ? row.span_end : next};
}

void add_attention(const KvShape& shape, const ExecutorLimits& limits, const Batch& batch,
                   Work& work) {
  std::vector<Visible> seen(batch.sequences.size(), {SIZE_MAX, 0});
  double pairs = 0;  // of a query and a key
  for (const BatchRow& row : batch.rows) {
    const Visible visible = visible_to(row, shape.window);
    pairs += static_cast<double>(visible.end - visible.begin);
    Visible& all = seen[row.sequence];
    all = {std::min(all.begin, visible.begin), std::max(all.end, visible.end)};
  }
  double keys = 0;
  for (const Visible& all : seen)
    if (all.end > all.begin) keys += static_cast<double>(all.end - all.begin);
  (kernels::kv_in_blocks(limits.k_type) ? work.int8_macs : work.float_macs) +=
      pairs * shape.n_heads * shape.k_dim;
  work.float_macs += pairs * shape.n_heads * shape.v_dim;
  work.read_bytes += keys * shape.n_kv_heads *
                     static_cast<double>(kernels::kv_row_bytes(limits.k_type, shape.k_dim) +
                                         kernels::kv_row_bytes(limits.v_type, shape.v_dim));
}

}  // namespace

Work work_of(const Plan& plan, const ExecutorLimits& limits, const Batch& batch) {
  const auto n_rows = static_cast<double>(batch.rows.size());
  const auto n_wanted =
      static_cast<double>(std::ranges::count(batch.rows, Wanted::logits, &BatchRow::wanted));
  Work work;
  for (const Step& step : plan.steps) {
    if (step.op == Op::linear) {
      const double rows = holds_wanted_rows(step.a) ? n_wanted : n_rows;
      if (rows > 0) work.read_bytes += of_linear(plan, step, rows, work);
    } else if (step.op == Op::attend) {
      add_attention(plan.kv[step.layer], limits, batch, work);
    }
  }
  return work;
}

const char* name_of(Bound bound) {
  switch (bound) {
    case Bound::int8_macs:
      return "int8";
    case Bound::float_macs:
      return "float";
    case Bound::read_bytes:
      return "read";
  }
  CHECK(false);
}

Ceilings mean_of(std::span<const Ceilings> ceilings) {
  RunningMean int8_macs, float_macs, read_bytes;
  for (const Ceilings& one : ceilings) {
    int8_macs.add(one.int8_macs);
    float_macs.add(one.float_macs);
    read_bytes.add(one.read_bytes);
  }
  return {.int8_macs = int8_macs.mean(),
          .float_macs = float_macs.mean(),
          .read_bytes = read_bytes.mean()};
}

LeastTime least_time(const Work& work, const Ceilings& ceilings) {
  const double int8_seconds = work.int8_macs / ceilings.int8_macs;
  const double float_seconds = work.float_macs / ceilings.float_macs;
  const double read_seconds = work.read_bytes / ceilings.read_bytes;
  if (read_seconds >= int8_seconds + float_seconds) return {read_seconds, Bound::read_bytes};
  return {int8_seconds + float_seconds,
          int8_seconds >= float_seconds ? Bound::int8_macs : Bound::float_macs};
}

}  // namespace hearth::model
