// SPDX-License-Identifier: Apache-2.0
//
// The models that are served, by name. The list is made before the server starts and does not
// change; what each is doing does. Routes see those that their caller may ask (Call::models), and
// for them there are no others. Any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "server/api_error.h"
#include "server/model_worker.h"
#include "server/router.h"
#include "server/server_metrics.h"

namespace hearth::server {

class Log;

struct ServedModel {
  std::string id;                    // what /v1/models says
  std::vector<std::string> aliases;  // that mean the same
  std::int64_t created = 0;          // Unix time
  std::unique_ptr<ModelWorker> worker;
  std::unique_ptr<ModelMetrics> metrics;
  std::size_t max_requests = 512;  // running and waiting together; more are turned away
  wire::Pooling pooling = wire::Pooling::of_model;  // of embeddings
  bool caches_prompts = true;                       // for requests that do not say
  const Log* log = nullptr;                         // for what is worth a line; null: none
};

class Models {
 public:
  explicit Models(std::vector<ServedModel> models) : models_(std::move(models)) {}

  // Whatever anybody may ask: for the program, not for routes.
  const std::vector<ServedModel>& all() const { return models_; }
  // Those that this caller may ask, in their order.
  std::vector<ServedModel*> seen_by(const Call& call);

  // By id or alias; the only model there is for an empty name. unknown_model, naming those there
  // are.
  std::expected<ServedModel*, ApiError> find(const Call& call, std::string_view name);
  // The same, ready for n more requests: loading, model_broken or queue_full otherwise.
  std::expected<ServedModel*, ApiError> find_ready(const Call& call, std::string_view name,
                                                   std::size_t n = 1);

 private:
  std::vector<ServedModel> models_;
};

// Brings the metrics that are states, not events, up to what the worker said last.
void refresh_metrics(const ServedModel& model);

// What a client is told when the worker refuses or loses a request, or is not there to take it.
ApiError api_error_of(const wire::Failed& failed);
ApiError api_error_of(const Error& not_begun);

}  // namespace hearth::server
