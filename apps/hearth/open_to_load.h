// SPDX-License-Identifier: Apache-2.0
//
// What the process of a model is given: its files opened, and how to compute with it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "compute_options.h"
#include "server/memory_budget.h"
#include "server/model_worker.h"

namespace hearth::app {

struct WorkerSettings {
  std::string model;  // as the user calls it
  ComputeOptions compute;
  engine::LoadOptions load;                              // what these and others were taken to mean
  std::optional<std::uint64_t> prefix_cache_bytes = {};  // none: all that requests leave free
  bool is_confined = true;
};

// Opens the model anew whenever its process is started, and claims its part of the memory, which
// may wait for another model to be loaded; no budget: none is claimed. Any thread.
server::OpenModel opener_of(WorkerSettings settings, std::shared_ptr<server::MemoryBudget> budget);

}  // namespace hearth::app
