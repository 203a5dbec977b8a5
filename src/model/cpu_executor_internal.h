// SPDX-License-Identifier: Apache-2.0
//
// The CPU executor's memory and helpers, shared by its source files alone.
#pragma once

#include <memory>
#include <vector>

#include "base/thread_pool.h"
#include "model/executor.h"
#include "model/packed_weights.h"
#include "model/page_memory.h"

namespace hearth::model {

// Where one layer's keys and values lie. A block of a layer is [kv head][panel] of K panels, and
// the same of V panels in a region of its own, so that each head's keys stream from consecutive
// memory.
struct LayerKv {
  std::size_t k_panel_bytes = 0, v_panel_bytes = 0;
  std::size_t k_block_bytes = 0, v_block_bytes = 0;
  std::byte* k = nullptr;
  std::byte* v = nullptr;

  static constexpr std::size_t kPanels = kBlockTokens / kernels::kPanelTokens;
  std::byte* k_panel(BlockId block, std::size_t head, std::size_t panel) const {
    return k + block * k_block_bytes + (head * kPanels + panel) * k_panel_bytes;
  }
  std::byte* v_panel(BlockId block, std::size_t head, std::size_t panel) const {
    return v + block * v_block_bytes + (head * kPanels + panel) * v_panel_bytes;
  }
};

// Activations quantised for the linear steps that follow: valid while their source buffer is
// unchanged.
struct QuantizedBuffer {
  BufferId source = BufferId::none;
  std::vector<std::int8_t> q;
  std::vector<float> scales;
  std::vector<std::int16_t> sums;
  std::size_t q_stride = 0, scale_stride = 0, sum_stride = 0;
  PageMemory blocked;  // kernels::Kernels::block_activations
  std::size_t blocked_tokens = 0;

  kernels::QuantizedActivations view() const {
    return {q.data(),
            scales.data(),
            sums.data(),
            q_stride,
            scale_stride,
            sum_stride,
            blocked_tokens == 0 ? nullptr : blocked.data()};
  }
};

class CpuExecutor final : public Executor {
 public:
  CpuExecutor(unsigned n_workers, unsigned n_cpus)
      : pool_(n_workers, n_cpus), kernels_(kernels::active()) {}

  Result<void> prepare(const Plan& plan, DeviceId device, const ExecutorLimits& limits,
                       const LoadProgress& progress) override;
  void add_adapter(std::uint32_t adapter, std::span<const AdapterPart> parts) override;
  bool run(std::span<const Step> steps, const RunContext& context) override;
  void read(BufferId buffer, std::uint32_t n_rows, float* out) const override;
  void write(BufferId buffer, std::uint32_t n_rows, const float* rows) override;
  std::size_t block_bytes() const override;
  void copy_block(BlockId from, BlockId to) override;
  void read_block(BlockId block, std::byte* out) const override;
  void write_block(BlockId block, const std::byte* bytes) override;
  void set_workers(unsigned n_workers) override { pool_.resize(n_workers); }
  void park() override { pool_.park(); }

 private:
  Result<void> allocate_buffers(const ExecutorLimits& limits);
  Result<void> allocate_kv(const ExecutorLimits& limits);
  Result<void> take_weights(const LoadProgress& progress);

  float* row(BufferId buffer, std::size_t index) {
    return buffers_[static_cast<std::size_t>(buffer)] + index * plan_->width_of(buffer);
  }
  std::size_t rows_in(BufferId buffer) const;
  // Calls body(item) for every item, split over the workers a grain at a time.
  template <class Body>
  void for_each(std::size_t n_items, std::size_t grain, Body&& body);
  void run_step(const Step& step);

  void embed(const Step& step);
  void norm(const Step& step);
  void rope(const Step& step);
  void keep_hidden(const Step& step);
  // cpu_linear.cc
  void linear(const Step& step);
  const QuantizedBuffer& quantized(BufferId source, kernels::ActivationForm form, std::size_t k);
  void block(QuantizedBuffer& buffer, kernels::ActivationForm form, std::size_t k,
             std::size_t n_tokens);
  void add_side_inputs(const Step& step, std::size_t k, std::size_t n);
  // cpu_attention.cc
  void store_kv(const Step& step);
  void attend(const Step& step);
  void attend_head(const Step& step, const BatchRow& row, std::size_t row_index,
                   std::size_t kv_head, std::size_t worker);

  ThreadPool pool_;
  WorkQueue work_;
  const kernels::Kernels& kernels_;
  const Plan* plan_ = nullptr;
  DeviceId device_ = 0;
  ExecutorLimits limits_;
  const RunContext* context_ = nullptr;

  PageMemory activation_memory_;
  std::array<float*, kBuffers> buffers_ = {};
  PackedWeights weights_;
  std::vector<std::vector<float>> vectors_;   // by tensor: norms and biases as float32
  std::array<QuantizedBuffer, 2> quantized_;  // q8_32, q8_256
  std::vector<float> rope_cos_, rope_sin_;    // [row][pair]

  PageMemory kv_memory_;
  std::vector<LayerKv> kv_;               // by layer; empty where another device holds it
  std::vector<float> attention_scratch_;  // two value accumulators for each worker
  std::size_t scratch_stride_ = 0;

  std::vector<std::vector<AdapterPart>> adapters_;
  std::vector<float> low_rank_;  // down * x of one row
};

template <class Body>
void CpuExecutor::for_each(std::size_t n_items, std::size_t grain, Body&& body) {
  if (n_items <= grain || pool_.size() == 1) {
    for (std::size_t item = 0; item < n_items; ++item) body(item, 0u);
    return;
  }
  work_.reset(n_items, grain);
  auto task = [&](unsigned worker) {
    std::size_t begin = 0, end = 0;
    while (work_.take(begin, end))
      for (std::size_t item = begin; item < end; ++item) body(item, worker);
  };
  pool_.run(task);
}

}  // namespace hearth::model
