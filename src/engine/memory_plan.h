// SPDX-License-Identifier: Apache-2.0
//
// How much memory a model will take at most, decided before it is loaded: the kernel gives out
// pages when they are first touched, so what does not fit would otherwise be found out by the OOM
// killer in the middle of an answer. The peak is reached when the context is full.
//
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "format/model_files.h"
#include "host/memory.h"
#include "model/executor.h"

namespace hearth::engine {

struct LoadOptions;

// Of a model that does not say, and where nobody knows how much memory there is.
inline constexpr std::uint32_t kDefaultContext = 8192;

struct MemoryPlan {
  std::uint32_t n_ctx = 0;          // tokens of one sequence
  std::uint32_t n_ctx_model = 0;    // what the model was made for
  bool lowered = false;             // nobody asked for n_ctx, and the model's own would not fit
  model::ExecutorLimits limits;     // as they go to the executor
  std::uint64_t weights_bytes = 0;  // the files, mapped
  std::uint64_t kv_block_bytes = 0;
  std::uint64_t kv_bytes = 0;  // whole blocks
  std::uint64_t scratch_bytes = 0;
  std::uint64_t program_bytes = 0;  // code, tokenizer, chat template: an estimate
  std::optional<std::uint64_t> available_bytes;
  std::string group;   // the control group that leaves no more; empty: the machine
  std::string advice;  // empty if it fits; otherwise the nearest change that would

  std::uint64_t total_bytes() const {
    return weights_bytes + kv_bytes + scratch_bytes + program_bytes;
  }
  bool fits() const { return !available_bytes || total_bytes() <= *available_bytes; }
};

// Chooses the context if options leave it open: the model's own, lowered to what fits with a tenth
// to spare. does_not_fit only for a context beyond what blocks can number; otherwise fits() tells.
Result<MemoryPlan> plan_memory(const model::Plan& plan, const format::ModelFiles& files,
                               const LoadOptions& options, const host::AvailableMemory& available);

// does_not_fit, with the numbers and the advice, unless it fits.
Result<void> check_fits(const MemoryPlan& memory);

}  // namespace hearth::engine
