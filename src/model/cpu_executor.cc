// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/checked.h"
#include "model/cpu_executor_internal.h"
#include "model/executor.h"

namespace hearth::model {
namespace {

// Activation rows start on cache lines, so that two workers never write to the same one.
constexpr std::size_t kAlignment = 64;

// The largest number of workers whose scratch is kept; resize() beyond it is cut.
constexpr std::size_t kMaxWorkers = 256;

}  // namespace

std::unique_ptr<Executor> make_cpu_executor(unsigned n_workers, unsigned n_cpus) {
  return std::make_unique<CpuExecutor>(
      std::clamp(n_workers, 1u, static_cast<unsigned>(kMaxWorkers)), n_cpus);
}

Result<void> CpuExecutor::prepare(const Plan& plan, DeviceId device, const ExecutorLimits& limits,
                                  const LoadProgress& progress) {
  plan_ = &plan;
  device_ = device;
  limits_ = limits;
  TRY(allocate_buffers(limits));
  TRY(allocate_kv(limits));
  return take_weights(progress);
}

Result<void> CpuExecutor::allocate_buffers(const ExecutorLimits& limits) {
  std::array<std::size_t, kBuffers> offsets = {};
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < kBuffers; ++i) {
    const std::uint64_t rows =
        holds_wanted_rows(static_cast<BufferId>(i)) ? limits.max_wanted : limits.max_rows;
    const auto bytes = checked_mul<std::uint64_t>(rows * sizeof(float), plan_->widths[i]);
    const auto padded = bytes ? checked_align_up<std::uint64_t>(*bytes, kAlignment) : std::nullopt;
    const auto sum = padded ? checked_add(total, *padded) : std::nullopt;
    if (!sum) return fail(ErrorCode::does_not_fit, "the activation buffers would overflow memory");
    offsets[i] = total;
    total = *sum;
  }
  activation_memory_ = TRY(PageMemory::allocate(total));
  for (std::size_t i = 0; i < kBuffers; ++i)
    buffers_[i] = reinterpret_cast<float*>(activation_memory_.data() + offsets[i]);

  const std::size_t widest = *std::max_element(plan_->widths.begin(), plan_->widths.end() - 3);
  const std::size_t padded_width = (widest + 255) / 256 * 256;
  const std::size_t rows = std::max(limits.max_rows, limits.max_wanted);
  for (QuantizedBuffer& buffer : quantized_) {
    buffer.q.resize(rows * padded_width + kAlignment);
    buffer.scales.resize(rows * (padded_width / 32));
    buffer.sums.resize(rows * (padded_width / 16));
    if (kernels_.block_activations != nullptr && rows >= kernels::kLeastBlockedTokens)
      buffer.blocked = TRY(PageMemory::allocate(kernels::blocked_bytes(padded_width, rows)));
  }
  rope_cos_.resize(limits.max_rows * plan_->rope.n_pairs());
  rope_sin_.resize(limits.max_rows * plan_->rope.n_pairs());
  return {};
}

Result<void> CpuExecutor::allocate_kv(const ExecutorLimits& limits) {
  std::uint64_t total = 0;
  std::size_t widest_value = 0;
  for (const KvShape& shape : plan_->kv) {
    LayerKv layer;
    if (shape.device == device_) {
      layer.k_panel_bytes =
          kernels::kPanelTokens * shape.k_dim * kernels::kv_element_bytes(limits.k_type);
      layer.v_panel_bytes =
          kernels::kPanelTokens * shape.v_dim * kernels::kv_element_bytes(limits.v_type);
      layer.k_block_bytes = shape.n_kv_heads * LayerKv::kPanels * layer.k_panel_bytes;
      layer.v_block_bytes = shape.n_kv_heads * LayerKv::kPanels * layer.v_panel_bytes;
      const auto bytes =
          checked_mul<std::uint64_t>(limits.n_blocks, layer.k_block_bytes + layer.v_block_bytes);
      const auto sum = bytes ? checked_add(total, *bytes) : std::nullopt;
      if (!sum) return fail(ErrorCode::does_not_fit, "the KV cache would overflow memory");
      total = *sum;
      widest_value = std::max<std::size_t>(widest_value, shape.v_dim);
    }
    kv_.push_back(layer);
  }
  kv_memory_ = TRY(PageMemory::allocate(total));
  std::byte* next = kv_memory_.data();
  for (LayerKv& layer : kv_) {
    layer.k = next;
    next += limits.n_blocks * layer.k_block_bytes;
    layer.v = next;
    next += limits.n_blocks * layer.v_block_bytes;
  }
  scratch_stride_ = (widest_value + 15) / 16 * 16;
  attention_scratch_.resize(2 * kMaxWorkers * scratch_stride_);
  return {};
}

// Quantised matrices are packed for the kernels. What is used where it is mapped is touched, one
// byte a page: it comes into memory here, with progress, instead of stalling the first request.
// Vectors are small and become float32 once.
Result<void> CpuExecutor::take_weights(const LoadProgress& progress) {
  TRY(weights_.allocate(*plan_, device_, kernels_));
  std::uint64_t total = 0, done = 0;
  for (const PlanTensor& tensor : plan_->tensors)
    if (tensor.device == device_) total += tensor.source->bytes.size();
  const auto going_on = [&](std::size_t of_tensor) {
    return !progress || progress(done + of_tensor, total);
  };
  vectors_.resize(plan_->tensors.size());
  constexpr std::size_t kPage = 4096, kReport = std::size_t{8} << 20;
  for (std::size_t i = 0; i < plan_->tensors.size(); ++i) {
    const PlanTensor& tensor = plan_->tensors[i];
    if (tensor.device != device_) continue;
    const std::span<const std::byte> bytes = tensor.source->bytes;
    if (tensor.use == TensorUse::vector) {
      vectors_[i].resize(tensor.source->n_elements());
      kernels_.dequantize[static_cast<std::size_t>(tensor.source->type)](
          bytes.data(), vectors_[i].size(), vectors_[i].data());
    }
    if (weights_.wants(static_cast<TensorId>(i))) {
      if (!weights_.pack(static_cast<TensorId>(i), pool_, going_on))
        return fail(ErrorCode::cancelled, "loading was cancelled");
    } else {
      for (std::size_t at = 0; at < bytes.size(); at += kPage) {
        static_cast<void>(*static_cast<const volatile std::byte*>(&bytes[at]));
        if (at % kReport == 0 && !going_on(at))
          return fail(ErrorCode::cancelled, "loading was cancelled");
      }
    }
    done += bytes.size();
  }
  if (!going_on(0)) return fail(ErrorCode::cancelled, "loading was cancelled");
  return {};
}

void CpuExecutor::add_adapter(std::uint32_t adapter, std::span<const AdapterPart> parts) {
  if (adapters_.size() <= adapter) adapters_.resize(adapter + 1);
  adapters_[adapter].clear();
  for (const AdapterPart& part : parts) {
    if (plan_->tensors[part.tensor].device != device_) continue;
    adapters_[adapter].push_back(part);
    low_rank_.resize(std::max<std::size_t>(low_rank_.size(), part.rank));
  }
}

bool CpuExecutor::run(std::span<const Step> steps, const RunContext& context) {
  context_ = &context;
  for (QuantizedBuffer& buffer : quantized_) buffer.source = BufferId::none;
  const std::size_t n_pairs = plan_->rope.n_pairs();
  for (std::size_t i = 0; i < context.batch->rows.size(); ++i)
    plan_->rope.at(context.batch->rows[i].position[0], &rope_cos_[i * n_pairs],
                   &rope_sin_[i * n_pairs]);

  for (const Step& step : steps) {
    if (context.stop != nullptr && context.stop->load(std::memory_order_relaxed)) return false;
    run_step(step);
    for (QuantizedBuffer& buffer : quantized_)
      if (buffer.source == step.out) buffer.source = BufferId::none;
  }
  return true;
}

std::size_t CpuExecutor::rows_in(BufferId buffer) const {
  if (buffer == BufferId::hidden) return context_->hidden_rows.size();
  return holds_wanted_rows(buffer) ? context_->logits_rows.size() : context_->batch->rows.size();
}

void CpuExecutor::run_step(const Step& step) {
  // Elementwise steps are split by row; a handful of rows is not worth waking anybody for.
  constexpr std::size_t kRowGrain = 4;
  const std::size_t n_rows = rows_in(step.out == BufferId::none ? step.a : step.out);
  switch (step.op) {
    case Op::embed:
      return embed(step);
    case Op::rms_norm:
      return norm(step);
    case Op::linear:
      return linear(step);
    case Op::rope:
      return rope(step);
    case Op::store_kv:
      return store_kv(step);
    case Op::attend:
      return attend(step);
    case Op::keep_hidden:
      return keep_hidden(step);
    case Op::add_bias: {
      const std::vector<float>& bias = vectors_[step.tensor];
      return for_each(n_rows, kRowGrain, [&](std::size_t i, unsigned) {
        kernels_.add(row(step.out, i), bias.data(), bias.size(), row(step.out, i));
      });
    }
    case Op::silu_mul:
      return for_each(n_rows, kRowGrain, [&](std::size_t i, unsigned) {
        kernels_.silu_mul(row(step.a, i), row(step.b, i), step.width, row(step.out, i));
      });
    case Op::add:
      return for_each(n_rows, kRowGrain, [&](std::size_t i, unsigned) {
        kernels_.add(row(step.out, i), row(step.a, i), plan_->width_of(step.out), row(step.out, i));
      });
    case Op::gather:
      for (std::size_t i = 0; i < context_->logits_rows.size(); ++i)
        std::copy_n(row(step.a, context_->logits_rows[i]), plan_->width_of(step.out),
                    row(step.out, i));
      return;
    case Op::transfer:
      break;
  }
  CHECK(false);  // transfers are Forward's
}

void CpuExecutor::embed(const Step& step) {
  const format::Tensor& table = *plan_->tensors[step.tensor].source;
  const std::size_t n_embd = plan_->hparams.n_embd;
  const std::size_t row_bytes = table.bytes.size() / table.dims[1];
  const auto dequantize = kernels_.dequantize[static_cast<std::size_t>(table.type)];
  for (std::size_t i = 0; i < context_->batch->rows.size(); ++i) {
    const BatchRow& source = context_->batch->rows[i];
    if (source.embedding != kNoIndex) {
      std::copy_n(&context_->batch->embeddings[source.embedding * n_embd], n_embd,
                  row(step.out, i));
    } else {
      dequantize(table.bytes.data() + static_cast<std::size_t>(source.token) * row_bytes, n_embd,
                 row(step.out, i));
    }
  }
}

void CpuExecutor::norm(const Step& step) {
  const std::vector<float>& weight = vectors_[step.tensor];
  for_each(rows_in(step.a), 4, [&](std::size_t i, unsigned) {
    for (std::size_t g = 0; g < step.n_heads; ++g)
      kernels_.rms_norm(row(step.a, i) + g * step.width, weight.data(), plan_->hparams.rms_epsilon,
                        step.width, row(step.out, i) + g * step.width);
  });
}

void CpuExecutor::rope(const Step& step) {
  const std::size_t n_pairs = plan_->rope.n_pairs();
  const bool interleaved = plan_->hparams.family->attention.rope == RopeStyle::interleaved;
  for_each(rows_in(step.out), 4, [&](std::size_t i, unsigned) {
    for (std::size_t head = 0; head < step.n_heads; ++head)
      kernels_.rope(row(step.out, i) + head * step.width, &rope_cos_[i * n_pairs],
                    &rope_sin_[i * n_pairs], 2 * n_pairs, interleaved);
  });
}

void CpuExecutor::keep_hidden(const Step& step) {
  for (std::size_t i = 0; i < context_->hidden_rows.size(); ++i) {
    const std::uint32_t source = context_->hidden_rows[i];
    if (context_->batch->rows[source].hidden_layer == step.layer)
      std::copy_n(row(step.a, source), plan_->width_of(step.out), row(step.out, i));
  }
}

void CpuExecutor::read(BufferId buffer, std::uint32_t n_rows, float* out) const {
  std::copy_n(buffers_[static_cast<std::size_t>(buffer)],
              std::size_t{n_rows} * plan_->width_of(buffer), out);
}

void CpuExecutor::write(BufferId buffer, std::uint32_t n_rows, const float* rows) {
  std::copy_n(rows, std::size_t{n_rows} * plan_->width_of(buffer),
              buffers_[static_cast<std::size_t>(buffer)]);
}

std::size_t CpuExecutor::block_bytes() const {
  std::size_t bytes = 0;
  for (const LayerKv& layer : kv_) bytes += layer.k_block_bytes + layer.v_block_bytes;
  return bytes;
}

void CpuExecutor::copy_block(BlockId from, BlockId to) {
  for (const LayerKv& layer : kv_) {
    std::memcpy(layer.k + to * layer.k_block_bytes, layer.k + from * layer.k_block_bytes,
                layer.k_block_bytes);
    std::memcpy(layer.v + to * layer.v_block_bytes, layer.v + from * layer.v_block_bytes,
                layer.v_block_bytes);
  }
}

void CpuExecutor::read_block(BlockId block, std::byte* out) const {
  for (const LayerKv& layer : kv_) {
    std::memcpy(out, layer.k + block * layer.k_block_bytes, layer.k_block_bytes);
    std::memcpy(out + layer.k_block_bytes, layer.v + block * layer.v_block_bytes,
                layer.v_block_bytes);
    out += layer.k_block_bytes + layer.v_block_bytes;
  }
}

void CpuExecutor::write_block(BlockId block, const std::byte* bytes) {
  for (const LayerKv& layer : kv_) {
    std::memcpy(layer.k + block * layer.k_block_bytes, bytes, layer.k_block_bytes);
    std::memcpy(layer.v + block * layer.v_block_bytes, bytes + layer.k_block_bytes,
                layer.v_block_bytes);
    bytes += layer.k_block_bytes + layer.v_block_bytes;
  }
}

}  // namespace hearth::model
