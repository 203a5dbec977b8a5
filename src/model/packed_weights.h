// SPDX-License-Identifier: Apache-2.0
//
// The matrices of one device as its kernels want them. Quantised ones are copied into panels
// (kernels/packed.h) in memory of their own, once, while loading; what a table reads in rows stays
// where the file is mapped. Copying streams: of a file's pages only some 8 MiB are needed at
// a time, and they are given back to the system at once, so the weights are never held twice.
//
// One thread calls; pack() brings in the pool. After loading, any thread may read.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "model/page_memory.h"
#include "model/plan.h"

namespace hearth::kernels {
struct Kernels;
}

namespace hearth::model {

class PackedWeights {
 public:
  // Memory for every matrix of the device that the table wants in panels. does_not_fit.
  Result<void> allocate(const Plan& plan, DeviceId device, const kernels::Kernels& table);

  // Whether the tensor is to be packed here.
  bool wants(TensorId tensor) const { return offsets_[tensor] != kNone; }

  // Packs a tensor of allocate()'s plan. Told the bytes of the file that are done; stops when
  // going_on() returns false, and then returns false.
  bool pack(TensorId tensor, ThreadPool& pool,
            const std::function<bool(std::size_t done_bytes)>& going_on);

  // Row 0 for kernels::MatmulArgs: of the panels, or of the file's rows.
  const void* matrix(TensorId tensor) const;

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};

  const Plan* plan_ = nullptr;
  PageMemory memory_;
  std::vector<std::size_t> offsets_;  // by tensor, into memory_
};

}  // namespace hearth::model
