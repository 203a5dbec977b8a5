// SPDX-License-Identifier: Apache-2.0
//
// What the CPU executor and Forward will allocate for a plan, told before they do: memory is
// planned and refused before the work begins (docs/style.md). Weights are as large as their
// files, packed or mapped, and not counted here. engine/memory_plan_test.cc holds the KV cache
// against what is allocated, the test of the default model the whole against the peak that the
// system measures.
#pragma once

#include <cstdint>

#include "model/executor.h"

namespace hearth::model {

struct CpuMemory {
  std::uint64_t kv_block_bytes = 0;  // one block of kBlockTokens over all layers
  std::uint64_t scratch_bytes = 0;   // activations, their quantised copies, results, norms
};

// limits.n_blocks is not looked at: the KV cache takes that many blocks.
CpuMemory cpu_memory(const Plan& plan, const ExecutorLimits& limits);

}  // namespace hearth::model
