// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/check.h"
#include "base/checked.h"
#include "model/cpu_executor_internal.h"
#include "model/executor.h"
#include "model/tensor_reader.h"
#include "model/weight_loader.h"

namespace hearth::model {

std::unique_ptr<Executor> make_cpu_executor(const CpuCrews& crews, WeightLoading loading,
                                            WeightsReport* report) {
  return std::make_unique<CpuExecutor>(crews, std::move(loading), report);
}

std::unique_ptr<Executor> make_cpu_executor(unsigned n_workers, unsigned n_cpus) {
  return make_cpu_executor(
      {.single = {.n_workers = n_workers}, .batch = {.n_workers = n_workers}, .n_cpus = n_cpus});
}

CpuExecutor::CpuExecutor(const CpuCrews& crews, WeightLoading loading, WeightsReport* report)
    : pool_(1, crews.n_cpus),
      shares_(kMaxWorkers),
      kernels_(kernels::active()),
      all_crews_(crews),
      loading_(std::move(loading)),
      report_(report) {
  for (Crew* crew : {&all_crews_.single, &all_crews_.batch})
    crew->n_workers = std::clamp(crew->n_workers, 1u, kMaxWorkers);
  crews_ = all_crews_;
  pool_.resize(std::max(crews_.single.n_workers, crews_.batch.n_workers));
}

// Threads that are not wanted just now sleep: a lease may come back at any moment.
void CpuExecutor::set_workers(unsigned n_workers, unsigned first_place) {
  crews_ = all_crews_;
  for (Crew* crew : {&crews_.single, &crews_.batch}) {
    crew->n_workers = std::clamp(n_workers, 1u, crew->n_workers);
    if (crew->cpus.empty()) continue;
    const auto first = static_cast<std::ptrdiff_t>(first_place % crew->cpus.size());
    std::ranges::rotate(crew->cpus, crew->cpus.begin() + first);
  }
}

Result<void> CpuExecutor::prepare(const Plan& plan, DeviceId device, const ExecutorLimits& limits,
                                  const LoadProgress& progress) {
  plan_ = &plan;
  device_ = device;
  limits_ = limits;
  fused_ = compile_program(plan, device, true);
  plain_ = compile_program(plan, device, false);
  TRY(allocate_buffers(limits));
  TRY(allocate_attention(limits));
  pool_.use(crews_.batch);  // memory comes from where its first user runs
  return take_weights(progress);
}

Result<void> CpuExecutor::allocate_buffers(const ExecutorLimits& limits) {
  std::array<std::size_t, kBuffers> offsets = {};
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < kBuffers; ++i) {
    const std::uint64_t rows =
        holds_wanted_rows(static_cast<BufferId>(i)) ? limits.max_wanted : limits.max_rows;
    const auto bytes = checked_mul<std::uint64_t>(rows * sizeof(float), plan_->widths[i]);
    const auto padded = bytes ? checked_align_up<std::uint64_t>(*bytes, kCacheLine) : std::nullopt;
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
    buffer.q.resize(rows * padded_width + kCacheLine);
    buffer.scales.resize(rows * (padded_width / 32));
    buffer.sums.resize(rows * (padded_width / 16));
    if (kernels_.block_activations != nullptr)
      buffer.blocked = TRY(PageMemory::allocate(kernels::blocked_bytes(padded_width, rows)));
  }
  rope_cos_.resize(limits.max_rows * plan_->rope.n_pairs());
  rope_sin_.resize(limits.max_rows * plan_->rope.n_pairs());
  return {};
}

Result<void> CpuExecutor::allocate_attention(const ExecutorLimits& limits) {
  TRY(kv_.allocate(*plan_, device_, limits));
  AttentionSizes sizes;
  for (const KvShape& shape : plan_->kv) {
    if (shape.device != device_) continue;
    sizes.k_stored = std::max(sizes.k_stored, kernels::kv_stored_dim(limits.k_type, shape.k_dim));
    sizes.v_dim = std::max<std::size_t>(sizes.v_dim, shape.v_dim);
  }
  TRY(scratch_.allocate(sizes, kMaxWorkers));
  return allocate_parts();
}

// Vectors are small and become float32 once. They are read, not touched where they are mapped: a
// fault there maps up to 2 MiB of the matrices beside them, which nobody needs any more.
Result<void> CpuExecutor::take_weights(const LoadProgress& progress) {
  WeightsReport report =
      TRY(load_weights(*plan_, device_, kernels_, loading_, pool_, progress, weights_));
  if (report_ != nullptr) *report_ = std::move(report);
  vectors_.resize(plan_->tensors.size());
  TensorReader reader(loading_.shard_fds, loading_.mode == LoadMode::dio);
  for (std::size_t i = 0; i < plan_->tensors.size(); ++i) {
    const PlanTensor& tensor = plan_->tensors[i];
    if (tensor.device != device_ || tensor.use != TensorUse::vector) continue;
    const auto bytes = TRY(reader.read(*tensor.source, 0, tensor.source->bytes.size()));
    vectors_[i].resize(tensor.source->n_elements());
    kernels_.dequantize[static_cast<std::size_t>(tensor.source->type)](
        bytes.data(), vectors_[i].size(), vectors_[i].data());
  }
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
  const std::vector<BatchRow>& rows = context.batch->rows;
  pool_.use(rows.size() > 1 ? crews_.batch : crews_.single);
  const std::size_t n_pairs = plan_->rope.n_pairs();
  for (std::size_t i = 0; i < rows.size(); ++i)
    plan_->rope.at(rows[i].position[0], &rope_cos_[i * n_pairs], &rope_sin_[i * n_pairs]);

  const CpuProgram& program = has_side_inputs() ? plain_ : fused_;
  const auto first = static_cast<std::size_t>(steps.data() - plan_->steps.data());
  for (std::size_t i = program.first_phase[first]; i < program.phases.size(); ++i) {
    const Phase& phase = program.phases[i];
    if (phase.steps.data() >= steps.data() + steps.size()) break;
    if (context.stop != nullptr && context.stop->load(std::memory_order_relaxed)) return false;
    if (context.progress != nullptr) context.progress->fetch_add(1, std::memory_order_relaxed);
    switch (phase.kind) {
      case Phase::Kind::rows:
        run_rows(phase);
        break;
      case Phase::Kind::product:
        run_product(phase);
        break;
      case Phase::Kind::attend:
        run_attention(phase);
        break;
    }
  }
  return true;
}

bool CpuExecutor::has_side_inputs() const {
  return std::any_of(context_->batch->rows.begin(), context_->batch->rows.end(),
                     [this](const BatchRow& row) { return row.adapter < adapters_.size(); });
}

std::size_t CpuExecutor::rows_in(BufferId buffer) const {
  if (buffer == BufferId::hidden) return context_->hidden_rows.size();
  return holds_wanted_rows(buffer) ? context_->logits_rows.size() : context_->batch->rows.size();
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
  return kv_.block_bytes();
}

void CpuExecutor::copy_block(BlockId from, BlockId to) {
  std::ranges::copy(kv_.block(from), kv_.block(to).begin());
}

void CpuExecutor::read_block(BlockId block, std::byte* out) const {
  std::ranges::copy(kv_.block(block), out);
}

void CpuExecutor::write_block(BlockId block, const std::byte* bytes) {
  std::copy_n(bytes, kv_.block_bytes(), kv_.block(block).data());
}

}  // namespace hearth::model
