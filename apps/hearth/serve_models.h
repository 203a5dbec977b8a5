// SPDX-License-Identifier: Apache-2.0
//
// One server::ServedModel, with its worker, for each model of a configuration.
#pragma once

#include <memory>
#include <vector>

#include "serve_config.h"
#include "server/models.h"

namespace hearth::app {

// Fetches what is not here, where that is allowed. The errors are locate_model()'s.
Result<void> fetch_models(const ServeConfig& config);

// usage if a setting makes no sense. Nothing is loaded.
Result<engine::LoadOptions> load_settings(const ModelToServe& model);

// What all models of this program have together.
struct SharedMachine {
  std::shared_ptr<server::CoreLeases> cores;
  std::shared_ptr<server::MemoryBudget> memory;
};
SharedMachine this_machine();

// Starts a worker for each, which then loads its model. Metrics and log outlive them. The errors
// are load_settings()'s, before any is started.
Result<std::vector<server::ServedModel>> start_models(const ServeConfig& config,
                                                      server::Metrics& metrics,
                                                      const server::Log& log,
                                                      const SharedMachine& machine);

}  // namespace hearth::app
