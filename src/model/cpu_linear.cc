// SPDX-License-Identifier: Apache-2.0
//
// Linear steps of the CPU executor: quantise the activations once for every weight that reads them,
// then split the outputs over the workers. The split never changes a result: an output is computed
// whole by one worker, in the order that the kernels define.
#include "base/check.h"
#include "model/cpu_executor_internal.h"

namespace hearth::model {
namespace {

using kernels::ActivationForm;

// Enough outputs at a time to hide the hand-out, few enough to balance two cores at the end.
constexpr std::size_t kOutputGrain = 32;
constexpr std::size_t kBlockGrain = 8;  // tokens

}  // namespace

const QuantizedBuffer& CpuExecutor::quantized(BufferId source, ActivationForm form, std::size_t k) {
  QuantizedBuffer& buffer = quantized_[form == ActivationForm::q8_32 ? 0 : 1];
  if (buffer.source == source) return buffer;
  const std::size_t group = form == ActivationForm::q8_32 ? 32 : 256;
  const std::size_t groups = (k + group - 1) / group;
  buffer.source = source;
  buffer.q_stride = (groups * group + 63) / 64 * 64;
  buffer.scale_stride = groups;
  buffer.sum_stride = buffer.q_stride / 16;
  const auto quantize =
      form == ActivationForm::q8_32 ? kernels_.quantize_q8_32 : kernels_.quantize_q8_256;
  for_each(rows_in(source), 2, [&](std::size_t i, unsigned) {
    quantize(row(source, i), k, &buffer.q[i * buffer.q_stride],
             &buffer.scales[i * buffer.scale_stride], &buffer.sums[i * buffer.sum_stride]);
  });
  block(buffer, form, k, rows_in(source));
  return buffer;
}

// For a batch of many rows: the order in which products with many tokens read them.
void CpuExecutor::block(QuantizedBuffer& buffer, ActivationForm form, std::size_t k,
                        std::size_t n_tokens) {
  buffer.blocked_tokens = 0;
  if (kernels_.block_activations == nullptr || n_tokens < kernels::kLeastBlockedTokens) return;
  buffer.blocked_tokens = n_tokens;
  for_each((n_tokens + kBlockGrain - 1) / kBlockGrain, 1, [&](std::size_t item, unsigned) {
    const std::size_t begin = item * kBlockGrain;
    kernels_.block_activations(buffer.view(), form, k, n_tokens, begin,
                               std::min(n_tokens, begin + kBlockGrain), buffer.blocked.data());
  });
}

void CpuExecutor::linear(const Step& step) {
  const format::Tensor& weight = *plan_->tensors[step.tensor].source;
  const std::size_t n_tokens = rows_in(step.a);
  if (n_tokens == 0) return;
  const std::size_t k = weight.dims[0], n = weight.dims[1];
  const auto type = static_cast<kernels::WeightType>(weight.type);
  const auto matmul = kernels_.matmul[static_cast<std::size_t>(weight.type)];

  kernels::MatmulArgs args{};
  args.weights = weights_.matrix(step.tensor);
  args.row_bytes = weight.bytes.size() / n;
  args.k = k;
  args.n_tokens = n_tokens;
  args.out = row(step.out, 0);
  args.out_stride = plan_->width_of(step.out);
  const ActivationForm form = kernels::activation_form(type);
  if (form == ActivationForm::f32) {
    args.x = row(step.a, 0);
    args.x_stride = plan_->width_of(step.a);
  } else {
    const QuantizedBuffer& input = quantized(step.a, form, k);
    args.quantized = input.view();
  }
  const std::size_t n_items = (n + kOutputGrain - 1) / kOutputGrain;
  for_each(n_items, 1, [&](std::size_t item, unsigned) {
    kernels::MatmulArgs part = args;
    part.row_begin = item * kOutputGrain;
    part.row_end = std::min(n, part.row_begin + kOutputGrain);
    matmul(part);
  });
  if (!adapters_.empty()) add_side_inputs(step, k, n);
}

void CpuExecutor::add_side_inputs(const Step& step, std::size_t k, std::size_t n) {
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
