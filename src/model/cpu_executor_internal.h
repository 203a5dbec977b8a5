// SPDX-License-Identifier: Apache-2.0
//
// The CPU executor's memory and helpers, shared by its source files alone.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "model/attention_scratch.h"
#include "model/cpu_kv.h"
#include "model/cpu_program.h"
#include "model/executor.h"
#include "model/packed_weights.h"
#include "model/page_memory.h"

namespace hearth::model {

// Activations quantised for the product that follows, by the phase before it.
struct QuantizedBuffer {
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

// The largest number of workers whose scratch is kept; more are cut.
inline constexpr unsigned kMaxWorkers = 256;

// Rows whose attention may be shared out by chunks, and how many (row, KV head, chunk) there may
// be.
inline constexpr std::size_t kSplitRows = 64, kMaxParts = 4096;

// The keys of its sequence that a row sees.
kernels::KeyRange visible_keys(const BatchRow& row, std::uint32_t window);

class CpuExecutor final : public Executor {
 public:
  explicit CpuExecutor(const CpuCrews& crews, WeightLoading loading = {},
                       WeightsReport* report = nullptr);

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
  void set_workers(unsigned n_workers, unsigned first_place) override;
  void park() override { pool_.park(); }

  const ThreadPool& pool() const { return pool_; }

 private:
  Result<void> allocate_buffers(const ExecutorLimits& limits);
  Result<void> allocate_attention(const ExecutorLimits& limits);
  Result<void> take_weights(const LoadProgress& progress);

  float* row(BufferId buffer, std::size_t index) {
    return buffers_[static_cast<std::size_t>(buffer)] + index * plan_->width_of(buffer);
  }
  std::size_t rows_in(BufferId buffer) const;
  // Calls body(item, worker) for every item, split over the workers: whoever is free takes the next
  // `grain` items, or (owned) each begins with a share that is the same in every run.
  template <class Body>
  void for_each(std::size_t n_items, std::size_t grain, Body&& body);
  template <class Body>
  void for_each_owned(std::size_t n_items, Body&& body);
  bool has_side_inputs() const;

  // cpu_rows.cc
  void run_rows(const Phase& phase);
  void run_row(const Phase& phase, std::size_t i);
  void embed(const Step& step, std::size_t i);
  void norm(const Step& step, std::size_t i);
  void rope(const Step& step, std::size_t i);
  void store_kv(const Step& step, std::size_t i);
  bool is_little_work(const Phase& phase, std::size_t n_rows) const;
  void begin_quantizing(const Phase& phase);
  void quantize_row(const Phase& phase, std::size_t i);
  // cpu_linear.cc
  void run_product(const Phase& phase);
  kernels::MatmulArgs product_args(const Step& linear, std::size_t n_tokens);
  void run_part(const Phase::Part& part, const kernels::MatmulArgs& args, std::size_t begin,
                std::size_t end);
  void add_side_inputs(const Step& step);
  // cpu_attention.cc
  void run_attention(const Phase& phase);
  struct Range {  // of rows, KV heads or chunks
    std::size_t begin, end;
  };
  // Queries of one sequence that go through its keys together.
  struct Queries {
    struct Run {  // those of one KV head
      std::size_t kv_head, begin, end;
      kernels::QuantizedActivations quantized;  // for keys in blocks
    };
    std::size_t n = 0, n_runs = 0;
    std::uint32_t sequence = 0;
    kernels::KeyRange all_keys = {};  // that some of them see
    std::array<const float*, kItemQueries> q;
    std::array<float*, kItemQueries> out;
    std::array<kernels::KeyRange, kItemQueries> keys;  // of the sequence
    std::array<std::size_t, kItemQueries> head;
    std::array<Run, kItemQueries> runs;
  };
  struct ChunkPanels {
    std::array<const void*, kernels::kPanelsPerChunk> k, v;
    std::size_t begin, end;
  };
  std::size_t attention_items() const;
  void attend_rows(const Step& step, Range rows, Range kv_heads, std::size_t worker);
  void attend_queries(const Step& step, const Queries& queries, std::size_t worker);
  // partials[i] := what query i gets from the chunk that begins at this position; acc is given.
  void attend_chunk(const Step& step, const Queries& queries, std::size_t chunk,
                    kernels::AttentionState* partials);
  kernels::AttendChunkArgs chunk_args(const KvShape& shape) const;
  void finish_query(const KvShape& shape, std::size_t head, kernels::AttentionState& state,
                    float* out) const;
  void turn(float* head, std::size_t dim, kernels::KvType type) const;
  ChunkPanels find_panels(std::size_t layer, std::uint32_t sequence, std::size_t kv_head,
                          kernels::KeyRange keys) const;
  // attention_queries.cc
  struct NextQuery {
    std::size_t kv_head, query;  // [row][head] of those of the KV head
  };
  Range rows_together(const Step& step, Range rows) const;
  bool take_queries(const Step& step, Range rows, Range kv_heads, std::size_t worker,
                    NextQuery& next, Queries& queries);
  void add_queries(const Step& step, std::size_t first_row, NextQuery next, std::size_t n,
                   std::size_t worker, Queries& queries);
  // split_attention.cc
  struct RowRun;
  Result<void> allocate_parts();
  bool attend_in_parts(const Step& step);  // false: not worth it, or too many parts
  Range chunks_of(const Step& step, Range rows) const;
  std::size_t first_query(const Step& step, const RowRun& run, std::size_t chunk,
                          std::size_t kv_head) const;
  void attend_part(const Step& step, const RowRun& run, std::size_t chunk, Range kv_heads,
                   std::size_t worker);
  void merge_parts(const Step& step, const RowRun& run, Range kv_heads);
  float* part_sum(std::size_t query, std::size_t v_dim) const {
    return reinterpret_cast<float*>(part_sums_.data()) + query * v_dim;
  }

  ThreadPool pool_;
  WorkShares shares_;
  const kernels::Kernels& kernels_;
  CpuCrews all_crews_, crews_;  // as it was made; those of them that compute now
  WeightLoading loading_;
  WeightsReport* report_;
  const Plan* plan_ = nullptr;
  DeviceId device_ = 0;
  ExecutorLimits limits_;
  const RunContext* context_ = nullptr;
  CpuProgram fused_;
  CpuProgram plain_;  // for batches with side inputs, which come between a product and the rest

  PageMemory activation_memory_;
  std::array<float*, kBuffers> buffers_ = {};
  PackedWeights weights_;
  std::vector<std::vector<float>> vectors_;   // by tensor: norms and biases as float32
  std::array<QuantizedBuffer, 2> quantized_;  // q8_32, q8_256
  std::vector<float> rope_cos_, rope_sin_;    // [row][pair]

  CpuKv kv_;
  AttentionScratch scratch_;
  PageMemory part_sums_;  // [part][query of its group][v_dim]
  std::unique_ptr<kernels::AttentionState[]> part_states_;
  std::unique_ptr<std::atomic<std::uint32_t>[]> parts_left_;  // of a row's KV head

  std::vector<std::vector<AdapterPart>> adapters_;
  std::vector<float> low_rank_;  // down * x of one row
};

template <class Body>
void CpuExecutor::for_each(std::size_t n_items, std::size_t grain, Body&& body) {
  for_each_item(pool_, n_items, grain, body);
}

template <class Body>
void CpuExecutor::for_each_owned(std::size_t n_items, Body&& body) {
  if (n_items <= 1 || pool_.size() == 1) {
    for (std::size_t item = 0; item < n_items; ++item) body(item, 0u);
    return;
  }
  shares_.reset(n_items, pool_.size());
  auto task = [&](unsigned worker) {
    std::size_t item = 0;
    while (shares_.take(worker, item)) body(item, worker);
  };
  pool_.share(task);
}

}  // namespace hearth::model
