// SPDX-License-Identifier: Apache-2.0
//
// The routes that llama.cpp's clients and operators know beside OpenAI's: /health, /props, /slots,
// /tokenize, /detokenize, /apply-template, and /metrics for Prometheus.
#pragma once

#include <vector>

#include "server/metrics.h"
#include "server/models.h"
#include "server/openai/routes.h"
#include "server/router.h"

namespace hearth::server {

// Everything outlives the routes.
std::vector<Route> llama_routes(Models& models, const ApiSettings& settings, Metrics& metrics);

}  // namespace hearth::server
