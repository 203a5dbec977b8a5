// SPDX-License-Identifier: Apache-2.0
//
// Steps of the CPU executor that compute each row by itself: a row goes through all of a phase's
// steps, and is quantised for the product behind them, before the next one begins.
#include <algorithm>

#include "base/check.h"
#include "model/cpu_executor_internal.h"

namespace hearth::model {

// Waking the workers and waiting for them costs as much as some thousands of values; one row can
// not be divided anyway.
bool CpuExecutor::is_little_work(const Phase& phase, std::size_t n_rows) const {
  constexpr std::size_t kValues = 16384;
  return n_rows <= 1 || n_rows * std::max(phase.width, phase.k) <= kValues;
}

void CpuExecutor::run_rows(const Phase& phase) {
  const std::size_t n_rows = rows_in(phase.rows_of);
  begin_quantizing(phase);
  const std::size_t grain = is_little_work(phase, n_rows) ? n_rows : 2;
  for_each(n_rows, grain, [&](std::size_t i, unsigned) { run_row(phase, i); });
}

void CpuExecutor::run_row(const Phase& phase, std::size_t i) {
  for (const Step& step : phase.steps) {
    switch (step.op) {
      case Op::embed:
        embed(step, i);
        break;
      case Op::rms_norm:
        norm(step, i);
        break;
      case Op::rope:
        rope(step, i);
        break;
      case Op::store_kv:
        store_kv(step, i);
        break;
      case Op::add_bias: {
        const std::vector<float>& bias = vectors_[step.tensor];
        kernels_.add(row(step.out, i), bias.data(), bias.size(), row(step.out, i));
        break;
      }
      case Op::silu_mul:
        kernels_.silu_mul(row(step.a, i), row(step.b, i), step.width, row(step.out, i));
        break;
      case Op::add:
        kernels_.add(row(step.out, i), row(step.a, i), plan_->width_of(step.out), row(step.out, i));
        break;
      case Op::keep_hidden:
        if (const std::uint32_t source = context_->hidden_rows[i];
            context_->batch->rows[source].hidden_layer == step.layer)
          std::copy_n(row(step.a, source), plan_->width_of(step.out), row(step.out, i));
        break;
      case Op::norm_hidden:
        if (context_->batch->rows[context_->hidden_rows[i]].hidden_layer == step.layer)
          norm(step, i);
        break;
      case Op::gather:
        std::copy_n(row(step.a, context_->logits_rows[i]), plan_->width_of(step.out),
                    row(step.out, i));
        break;
      case Op::linear:
      case Op::attend:
      case Op::transfer:
        CHECK(false);  // phases of their own; transfers are Forward's
    }
  }
  quantize_row(phase, i);
}

void CpuExecutor::embed(const Step& step, std::size_t i) {
  const format::Tensor& table = *plan_->tensors[step.tensor].source;
  const std::size_t n_embd = plan_->hparams.n_embd;
  const std::size_t row_bytes = table.bytes.size() / table.dims[1];
  const BatchRow& source = context_->batch->rows[i];
  if (source.embedding != kNoIndex) {
    std::copy_n(&context_->batch->embeddings[source.embedding * n_embd], n_embd, row(step.out, i));
  } else {
    kernels_.dequantize[static_cast<std::size_t>(table.type)](
        weights_.rows(step.tensor) + static_cast<std::size_t>(source.token) * row_bytes, n_embd,
        row(step.out, i));
  }
}

void CpuExecutor::norm(const Step& step, std::size_t i) {
  const std::vector<float>& weight = vectors_[step.tensor];
  for (std::size_t g = 0; g < step.n_heads; ++g)
    kernels_.rms_norm(row(step.a, i) + g * step.width, weight.data(), plan_->hparams.rms_epsilon,
                      step.width, row(step.out, i) + g * step.width);
}

void CpuExecutor::rope(const Step& step, std::size_t i) {
  const std::size_t n_pairs = plan_->rope.n_pairs();
  const bool interleaved = plan_->hparams.family->attention.rope == RopeStyle::interleaved;
  for (std::size_t head = 0; head < step.n_heads; ++head)
    kernels_.rope(row(step.out, i) + head * step.width, &rope_cos_[i * n_pairs],
                  &rope_sin_[i * n_pairs], 2 * n_pairs, interleaved);
}

void CpuExecutor::store_kv(const Step& step, std::size_t i) {
  const KvShape& shape = plan_->kv[step.layer];
  const BatchRow& source = context_->batch->rows[i];
  const BlockId block =
      context_->batch->sequences[source.sequence].blocks[source.kv_index / kBlockTokens];
  const std::size_t panel = source.kv_index % kBlockTokens / kernels::kPanelTokens;
  const std::size_t slot = source.kv_index % kernels::kPanelTokens;
  for (std::size_t head = 0; head < shape.n_heads; ++head)
    turn(row(BufferId::q, i) + head * shape.k_dim, shape.k_dim, limits_.k_type);
  for (std::size_t head = 0; head < shape.n_kv_heads; ++head) {
    float* key = row(step.a, i) + head * shape.k_dim;
    float* value = row(step.b, i) + head * shape.v_dim;
    turn(key, shape.k_dim, limits_.k_type);
    turn(value, shape.v_dim, limits_.v_type);
    kernels_.store_key(key, shape.k_dim, limits_.k_type,
                       kv_.k_panel(step.layer, block, head, panel), slot);
    kernels_.store_value(value, shape.v_dim, limits_.v_type,
                         kv_.v_panel(step.layer, block, head, panel), slot);
  }
}

// For a batch of many rows the quants are written a second time, in the order in which products
// with many tokens read them.
void CpuExecutor::begin_quantizing(const Phase& phase) {
  if (phase.quantizes == BufferId::none) return;
  const std::size_t n_rows = rows_in(phase.quantizes);
  const bool blocks = kernels::wants_blocked(kernels_, n_rows);
  for (const std::size_t group : {32, 256}) {
    QuantizedBuffer& buffer = quantized_[group == 32 ? 0 : 1];
    const std::size_t groups = (phase.k + group - 1) / group;
    buffer.q_stride = (groups * group + 63) / 64 * 64;
    buffer.scale_stride = groups;
    buffer.sum_stride = buffer.q_stride / 16;
    buffer.blocked_tokens = blocks ? n_rows : 0;
  }
}

void CpuExecutor::quantize_row(const Phase& phase, std::size_t i) {
  if (phase.quantizes == BufferId::none) return;
  const auto quantize = [&](auto function, kernels::ActivationForm form, QuantizedBuffer& to) {
    function(row(phase.quantizes, i), phase.k, &to.q[i * to.q_stride],
             &to.scales[i * to.scale_stride], &to.sums[i * to.sum_stride]);
    if (to.blocked_tokens != 0)
      kernels_.block_activations(to.view(), form, phase.k, to.blocked_tokens, i, i + 1,
                                 to.blocked.data());
  };
  if (phase.as_q8_32)
    quantize(kernels_.quantize_q8_32, kernels::ActivationForm::q8_32, quantized_[0]);
  if (phase.as_q8_256)
    quantize(kernels_.quantize_q8_256, kernels::ActivationForm::q8_256, quantized_[1]);
}

}  // namespace hearth::model
