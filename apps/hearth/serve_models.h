// SPDX-License-Identifier: Apache-2.0
//
// One server::ServedModel, with its worker, for each model of a configuration.
#pragma once

#include <vector>

#include "serve_config.h"
#include "server/models.h"

namespace hearth::app {

// Fetches what is not here, where that is allowed. The errors are locate_model()'s.
Result<void> fetch_models(const ServeConfig& config);

// usage if a setting makes no sense. Nothing is loaded.
Result<engine::LoadOptions> load_settings(const ModelToServe& model);

// Starts a worker for each, which then loads its model. The metrics outlive them. The errors are
// load_settings()'s, before any is started.
Result<std::vector<server::ServedModel>> start_models(const ServeConfig& config,
                                                      server::Metrics& metrics);

}  // namespace hearth::app
