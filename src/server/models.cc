// SPDX-License-Identifier: Apache-2.0
#include "server/models.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/escape.h"

namespace hearth::server {

std::vector<ServedModel*> Models::seen_by(const Call& call) {
  std::vector<ServedModel*> seen;
  for (ServedModel& model : models_)
    if (call.models.empty() || std::ranges::find(call.models, model.id) != call.models.end())
      seen.push_back(&model);
  return seen;
}

std::expected<ServedModel*, ApiError> Models::find(const Call& call, std::string_view name) {
  const std::vector<ServedModel*> seen = seen_by(call);
  if (name.empty() && seen.size() == 1) return seen.front();
  for (ServedModel* const model : seen)
    if (model->id == name || std::ranges::find(model->aliases, name) != model->aliases.end())
      return model;
  std::string there;
  for (const ServedModel* const model : seen) there += (there.empty() ? "" : ", ") + model->id;
  return std::unexpected(ApiError{
      ApiErrorKind::unknown_model,
      name.empty()
          ? fmt::format("say which model: {}", there)
          : fmt::format("there is no model '{}' here; there is: {}", printable(name, 100), there),
      "model",
      {}});
}

std::expected<ServedModel*, ApiError> Models::find_ready(const Call& call, std::string_view name,
                                                         std::size_t n) {
  auto found = find(call, name);
  if (!found) return found;
  ServedModel& model = **found;
  const WorkerFacts facts = model.worker->facts();
  switch (facts.state) {
    case WorkerState::ready:
      break;
    case WorkerState::starting:
    case WorkerState::loading:
      return std::unexpected(ApiError{
          ApiErrorKind::loading, fmt::format("the model '{}' is being loaded", model.id), "", {}});
    case WorkerState::failed:
    case WorkerState::stopped:
      return std::unexpected(ApiError{
          ApiErrorKind::model_broken,
          fmt::format("the model '{}' is {}: {}", model.id, name_of(facts.state), facts.reason),
          "",
          {}});
  }
  if (facts.n_requests + n > model.max_requests)
    return std::unexpected(
        ApiError{ApiErrorKind::queue_full,
                 fmt::format("{} requests are being answered or wait; the most are {}",
                             facts.n_requests, model.max_requests),
                 "",
                 {}});
  return &model;
}

void refresh_metrics(const ServedModel& model) {
  const WorkerFacts facts = model.worker->facts();
  ModelMetrics& metrics = *model.metrics;
  const wire::Status& status = facts.status;
  metrics.num_requests_running.set(status.n_running);
  metrics.num_requests_waiting.set(status.n_waiting);
  metrics.kv_cache_usage_perc.set(
      status.kv_blocks == 0 ? 0 : double{1} * status.kv_blocks_used / status.kv_blocks);
  // Counters of the worker begin anew when it does.
  const auto raise = [](Counter& counter, std::uint64_t to) {
    if (to > counter.value()) counter.add(to - counter.value());
  };
  raise(metrics.num_preemptions_total, status.n_preemptions);
  raise(metrics.worker_restarts_total, facts.n_restarts);
}

ApiError api_error_of(const wire::Failed& failed) {
  ApiErrorKind kind = ApiErrorKind::internal;
  switch (failed.code) {
    case ErrorCode::usage:
      kind = ApiErrorKind::bad_request;
      break;
    case ErrorCode::does_not_fit:
      kind = ApiErrorKind::context_length;
      break;
    case ErrorCode::unsupported:
      kind = ApiErrorKind::not_supported;
      break;
    case ErrorCode::io:
      kind = ApiErrorKind::worker_lost;
      break;
    case ErrorCode::cancelled:
      kind = ApiErrorKind::stopping;  // nobody but us cancels a request that is still wanted
      break;
    default:
      break;
  }
  return {kind, failed.message, failed.parameter, {}};
}

ApiError api_error_of(const Error& not_begun) {
  return api_error_of(wire::Failed{.code = not_begun.code, .message = not_begun.message});
}

}  // namespace hearth::server
