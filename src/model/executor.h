// SPDX-License-Identifier: Apache-2.0
//
// An executor computes steps in its own memory: the weights that were placed on it, activation
// buffers and the KV cache of its layers. The CPU executor is one; a GPU will be another. Only the
// executor touches weight bytes, the embedding lookup included.
//
// prepare() may fail; after it, run() has no error path: it returns false only when asked to stop,
// and then the rows of that batch count as not computed. One thread drives an executor; it brings
// its own helpers. Handles, not pointers, cross this interface, so memory may be anywhere.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/error.h"
#include "base/thread_pool.h"
#include "kernels/kernels.h"
#include "model/batch.h"
#include "model/kv_blocks.h"
#include "model/plan.h"
#include "model/weight_loading.h"

namespace hearth::model {

struct ExecutorLimits {
  std::uint32_t max_rows = 512;    // rows of one run (the ubatch)
  std::uint32_t max_wanted = 512;  // rows that may want logits in one run; any may want a state
  std::uint32_t n_blocks = 0;      // KV blocks
  kernels::KvType k_type = kernels::KvType::f16;
  kernels::KvType v_type = kernels::KvType::f16;
};

// Told how many bytes of weights are ready; returns false to cancel the load.
using LoadProgress = std::function<bool(std::uint64_t done_bytes, std::uint64_t total_bytes)>;

// A low-rank side input of one linear layer: out += scale * up * (down * x). LoRA,
// arXiv:2106.09685.
struct AdapterPart {
  TensorId tensor = kNoTensor;  // the linear layer's weight
  std::uint32_t rank = 0;
  float scale = 1.0f;
  std::vector<float> down;  // [rank][k]
  std::vector<float> up;    // [n][rank]
};

// What a run sees of its batch: the rows and which of them want results, in order.
struct RunContext {
  const Batch* batch = nullptr;
  std::span<const std::uint32_t> logits_rows;      // indices of rows that want logits
  std::span<const std::uint32_t> hidden_rows;      // indices of rows that want a hidden state
  const std::atomic<bool>* stop = nullptr;         // checked within every layer; may be null
  std::atomic<std::uint64_t>* progress = nullptr;  // grows within every layer; may be null
};

class Executor {
 public:
  virtual ~Executor() = default;

  // Takes the tensors and layers of the plan that are placed on `device`. The plan and the tensors'
  // bytes outlive the executor. cancelled if progress says so; does_not_fit for lack of memory.
  virtual Result<void> prepare(const Plan& plan, DeviceId device, const ExecutorLimits& limits,
                               const LoadProgress& progress) = 0;
  // Registers side inputs under a small number that rows name in BatchRow::adapter. Parts for
  // tensors that live elsewhere are ignored.
  virtual void add_adapter(std::uint32_t adapter, std::span<const AdapterPart> parts) = 0;

  // Computes a stretch of the plan's own steps, from where another device or the plan's beginning
  // ends to where the next begins: all of this executor's device, none of them a transfer.
  virtual bool run(std::span<const Step> steps, const RunContext& context) = 0;

  // The first n_rows rows of a buffer, dense. For transfers and results.
  virtual void read(BufferId buffer, std::uint32_t n_rows, float* out) const = 0;
  virtual void write(BufferId buffer, std::uint32_t n_rows, const float* rows) = 0;

  // The KV bytes of one block over all layers of this executor, in an order of its own.
  virtual std::size_t block_bytes() const = 0;
  virtual void copy_block(BlockId from, BlockId to) = 0;
  virtual void read_block(BlockId block, std::byte* out) const = 0;
  virtual void write_block(BlockId block, const std::byte* bytes) = 0;

  // At most n_workers of those it was made with compute from the next run on, at the places of the
  // crew from first_place on: others of this program may have the rest. park lets them sleep.
  virtual void set_workers(unsigned n_workers, unsigned first_place) = 0;
  virtual void park() = 0;
};

// Who computes on the CPU: one crew for steps of a single row, one for all others (prompts, several
// sequences). n_cpus: how many CPUs this process may really use, for ThreadPool; 0: by the mask.
struct CpuCrews {
  Crew single, batch;
  unsigned n_cpus = 0;
};
// The report, which outlives prepare(), is filled by it; may be null.
std::unique_ptr<Executor> make_cpu_executor(const CpuCrews& crews, WeightLoading loading = {},
                                            WeightsReport* report = nullptr);
// One crew of n_workers for everything.
std::unique_ptr<Executor> make_cpu_executor(unsigned n_workers, unsigned n_cpus = 0);

}  // namespace hearth::model
