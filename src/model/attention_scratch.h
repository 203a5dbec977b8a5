// SPDX-License-Identifier: Apache-2.0
//
// Memory in which a worker computes attention: sums of values for a worker's queries and for one
// call of the kernel, and the queries quantised, for keys in blocks. Each worker has its own; the
// pages of workers that never come are never touched.
#pragma once

#include "base/error.h"
#include "kernels/kernels.h"
#include "model/page_memory.h"

namespace hearth::model {

// Queries that go through the keys of a sequence together, kernels::kMaxQueries at a time: while a
// chunk of keys and values is near, all of them read it.
inline constexpr std::size_t kItemQueries = 64;

struct AttentionSizes {
  std::size_t k_stored = 0;  // values of the largest key as it is stored
  std::size_t v_dim = 0;     // of the largest value
};

class AttentionScratch {
 public:
  // does_not_fit.
  Result<void> allocate(const AttentionSizes& sizes, std::size_t n_workers);

  // Sums for query 0 .. kItemQueries - 1 of an item, and for query 0 .. kMaxQueries - 1 of a call.
  float* sum(std::size_t worker, std::size_t query) const;
  float* part(std::size_t worker, std::size_t query) const {
    return sum(worker, kItemQueries + query);
  }

  // Quantises up to kMaxQueries queries of k_dim values as the item's call number `call`, filled up
  // to k_stored; they stay until the same number is used again.
  kernels::QuantizedActivations quantize(const kernels::Kernels& table, std::size_t worker,
                                         std::size_t call, const float* const* q,
                                         std::size_t n_queries, std::size_t k_dim,
                                         std::size_t k_stored) const;

 private:
  std::size_t sum_stride_ = 0;  // floats
  std::size_t filled_at_ = 0, quants_at_ = 0, call_bytes_ = 0, worker_bytes_ = 0;
  PageMemory memory_;
};

}  // namespace hearth::model
