// SPDX-License-Identifier: Apache-2.0
//
// Products of the CPU executor: the outputs of all linear steps of a phase are one list of ranges,
// split over the workers; whoever computes a range also adds its bias and does the elementwise step
// on top. The split never changes a result: an output is computed whole by one worker, in the order
// that the kernels define.
#include <algorithm>

#include "model/cpu_executor_internal.h"

namespace hearth::model {
namespace {

using kernels::ActivationForm;

// Enough outputs at a time to hide the hand-out, few enough to balance two cores at the end.
constexpr std::size_t kOutputGrain = 32;
// Of a pair for one token, where a range reads two matrices in turn and every turn begins with
// lines that nobody asked for ahead: longer ranges, while each worker still gets some.
constexpr std::size_t kPairGrain = 128, kPairRangesEach = 16;

std::size_t pair_grain(std::size_t n_outputs, std::size_t n_workers) {
  const std::size_t fair = n_outputs / (kPairRangesEach * n_workers);
  return std::clamp(fair / kOutputGrain * kOutputGrain, kOutputGrain, kPairGrain);
}

}  // namespace

kernels::MatmulArgs CpuExecutor::product_args(const Step& linear, std::size_t n_tokens) {
  const format::Tensor& weight = *plan_->tensors[linear.tensor].source;
  kernels::MatmulArgs args{};
  args.weights = weights_.matrix(linear.tensor);
  args.row_bytes = weight.bytes.size() / weight.dims[1];
  args.k = weight.dims[0];
  args.n_tokens = n_tokens;
  args.out = row(linear.out, 0);
  args.out_stride = plan_->width_of(linear.out);
  const ActivationForm form =
      kernels::activation_form(static_cast<kernels::WeightType>(weight.type));
  if (form == ActivationForm::f32) {
    args.x = row(linear.a, 0);
    args.x_stride = plan_->width_of(linear.a);
  } else {
    args.quantized = quantized_[form == ActivationForm::q8_32 ? 0 : 1].view();
  }
  return args;
}

// Outputs [begin, end) of one linear step, for all tokens.
void CpuExecutor::run_part(const Phase::Part& part, const kernels::MatmulArgs& args,
                           std::size_t begin, std::size_t end) {
  const format::Tensor& weight = *plan_->tensors[part.linear->tensor].source;
  kernels::MatmulArgs range = args;
  range.row_begin = begin;
  range.row_end = end;
  kernels_.matmul[static_cast<std::size_t>(weight.type)](range);
  if (part.bias == nullptr) return;
  const float* bias = vectors_[part.bias->tensor].data() + begin;
  for (std::size_t i = 0; i < args.n_tokens; ++i) {
    float* out = row(part.linear->out, i) + begin;
    kernels_.add(out, bias, end - begin, out);
  }
}

void CpuExecutor::run_product(const Phase& phase) {
  const std::size_t n_tokens = rows_in(phase.rows_of);
  if (n_tokens == 0) return;
  std::array<kernels::MatmulArgs, Phase::kMaxParts> args;
  std::array<std::size_t, Phase::kMaxParts> n_outputs = {};
  std::size_t n_items = 0, grain = kOutputGrain;
  const auto n_ranges = [&](std::size_t n) { return (n + grain - 1) / grain; };
  for (std::uint32_t i = 0; i < phase.n_parts; ++i) {
    args[i] = product_args(*phase.parts[i].linear, n_tokens);
    n_outputs[i] = plan_->tensors[phase.parts[i].linear->tensor].source->dims[1];
    // The parts of a pair go together: a range of both is one item.
    if (phase.is_paired() && n_tokens == 1) grain = pair_grain(n_outputs[i], pool_.size());
    n_items = phase.is_paired() ? n_ranges(n_outputs[i]) : n_items + n_ranges(n_outputs[i]);
  }
  const auto compute = [&](std::size_t item, unsigned) {
    std::uint32_t part = 0;
    while (item >= n_ranges(n_outputs[part])) item -= n_ranges(n_outputs[part++]);
    const std::size_t begin = item * grain;
    const std::size_t end = std::min(n_outputs[part], begin + grain);
    run_part(phase.parts[part], args[part], begin, end);
    if (phase.is_paired()) run_part(phase.parts[1], args[1], begin, end);
    if (phase.on_top == nullptr) return;
    const Step& step = *phase.on_top;
    for (std::size_t i = 0; i < n_tokens; ++i) {
      float* out = row(step.out, i) + begin;
      const float* a = row(step.a, i) + begin;
      if (step.op == Op::add) {
        kernels_.add(out, a, end - begin, out);
      } else {
        kernels_.silu_mul(a, row(step.b, i) + begin, end - begin, out);
      }
    }
  };
  if (n_tokens == 1) {
    for_each_owned(n_items, compute);
  } else {
    for_each(n_items, 1, compute);
  }
  if (has_side_inputs()) add_side_inputs(*phase.parts[0].linear);  // of the plain program
}

void CpuExecutor::add_side_inputs(const Step& step) {
  const format::Tensor& weight = *plan_->tensors[step.tensor].source;
  const std::size_t k = weight.dims[0], n = weight.dims[1];
  const bool wanted_only = step.a == BufferId::wanted_normed;
  for (std::size_t i = 0; i < rows_in(step.a); ++i) {
    const std::size_t batch_row = wanted_only ? context_->logits_rows[i] : i;
    const std::uint32_t adapter = context_->batch->rows[batch_row].adapter;
    if (adapter >= adapters_.size()) continue;
    for (const AdapterPart& part : adapters_[adapter]) {
      if (part.tensor != step.tensor) continue;
      for (std::size_t r = 0; r < part.rank; ++r)
        low_rank_[r] = kernels_.dot(&part.down[r * k], row(step.a, i), k);
      float* out = row(step.out, i);
      for (std::size_t j = 0; j < n; ++j)
        out[j] += part.scale * kernels_.dot(&part.up[j * part.rank], low_rank_.data(), part.rank);
    }
  }
}

}  // namespace hearth::model
