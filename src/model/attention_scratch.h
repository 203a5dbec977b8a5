// SPDX-License-Identifier: Apache-2.0
//
// Memory in which a worker computes attention: sums of values for a worker's queries and for one
// call of the kernel, and the queries quantised, for keys in blocks. Each worker has its own; the
// pages of workers that never come are never touched.
#pragma once

#include <span>

#include "base/error.h"
#include "kernels/kernels.h"
#include "model/page_memory.h"

namespace hearth::model {

// Queries that go through the keys of a sequence together, some at a time (queries_of_call): while
// a chunk of keys and values is near, all of them read it.
inline constexpr std::size_t kItemQueries = kernels::kMaxQueries;

struct AttentionSizes {
  std::size_t k_stored = 0;  // values of the largest key as it is stored
  std::size_t v_dim = 0;     // of the largest value
};

class AttentionScratch {
 public:
  // does_not_fit.
  Result<void> allocate(const AttentionSizes& sizes, std::size_t n_workers);

  // Sums for each query of an item, and for each of a call.
  float* sum(std::size_t worker, std::size_t query) const;
  float* part(std::size_t worker, std::size_t query) const {
    return sum(worker, kItemQueries + query);
  }

  // Quantises queries of k_dim values, filled up to k_stored, for one call of that many. The first
  // is number `first` of the worker's kItemQueries; they stay until others take their places.
  kernels::QuantizedActivations quantize(const kernels::Kernels& table, std::size_t worker,
                                         std::size_t first, std::span<const float* const> q,
                                         std::size_t k_dim, std::size_t k_stored) const;

 private:
  std::size_t sum_stride_ = 0;  // floats
  std::size_t filled_at_ = 0, quants_at_ = 0, worker_bytes_ = 0;
  PageMemory memory_;
};

}  // namespace hearth::model
