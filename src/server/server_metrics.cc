// SPDX-License-Identifier: Apache-2.0
#include "server/server_metrics.h"

#include <fmt/format.h>

namespace hearth::server {
namespace {

constexpr const char* kReasonLabels[kFinishReasons] = {"stop", "length", "abort", "error"};

Metrics::Labels of_model(const std::string& model) {
  return {{"model_name", model}};
}

const std::vector<double>& token_buckets() {
  static const std::vector<double> bounds = count_buckets(1'000'000);
  return bounds;
}

}  // namespace

ModelMetrics::ModelMetrics(Metrics& metrics, const std::string& model)
    : num_requests_running(metrics.gauge("hearth:num_requests_running",
                                         "Requests that compute or hold KV cache.",
                                         of_model(model))),
      num_requests_waiting(metrics.gauge("hearth:num_requests_waiting",
                                         "Requests that wait for their turn.", of_model(model))),
      kv_cache_usage_perc(metrics.gauge("hearth:kv_cache_usage_perc",
                                        "Share of the KV cache in use, 0 to 1.", of_model(model))),
      num_preemptions_total(metrics.counter("hearth:num_preemptions_total",
                                            "Requests that gave up their KV cache to others.",
                                            of_model(model))),
      prefix_cache_queries_total(metrics.counter("hearth:prefix_cache_queries_total",
                                                 "Tokens looked up in the prefix cache.",
                                                 of_model(model))),
      prefix_cache_hits_total(metrics.counter(
          "hearth:prefix_cache_hits_total", "Tokens found in the prefix cache.", of_model(model))),
      prefix_cache_broken_total(
          metrics.counter("hearth:prefix_cache_broken_total",
                          "Prompts that repeat a cached past behind a change.", of_model(model))),
      prompt_tokens_total(
          metrics.counter("hearth:prompt_tokens_total", "Tokens of prompts.", of_model(model))),
      generation_tokens_total(
          metrics.counter("hearth:generation_tokens_total", "Tokens generated.", of_model(model))),
      time_to_first_token_seconds(metrics.histogram("hearth:time_to_first_token_seconds",
                                                    "From the request to its first token.",
                                                    first_token_buckets(), of_model(model))),
      inter_token_latency_seconds(metrics.histogram("hearth:inter_token_latency_seconds",
                                                    "Between two tokens of a request.",
                                                    between_tokens_buckets(), of_model(model))),
      e2e_request_latency_seconds(metrics.histogram("hearth:e2e_request_latency_seconds",
                                                    "From the request to its end.",
                                                    request_buckets(), of_model(model))),
      request_queue_time_seconds(metrics.histogram("hearth:request_queue_time_seconds",
                                                   "Waiting for the first computation.",
                                                   request_buckets(), of_model(model))),
      request_prefill_time_seconds(metrics.histogram("hearth:request_prefill_time_seconds",
                                                     "Reading the prompt.", request_buckets(),
                                                     of_model(model))),
      request_decode_time_seconds(metrics.histogram("hearth:request_decode_time_seconds",
                                                    "Generating the answer.", request_buckets(),
                                                    of_model(model))),
      request_prompt_tokens(metrics.histogram("hearth:request_prompt_tokens", "Tokens of a prompt.",
                                              token_buckets(), of_model(model))),
      request_generation_tokens(metrics.histogram("hearth:request_generation_tokens",
                                                  "Tokens of an answer.", token_buckets(),
                                                  of_model(model))),
      worker_restarts_total(metrics.counter("hearth:worker_restarts_total",
                                            "Times that the model's process was started again.",
                                            of_model(model))) {
  for (std::size_t i = 0; i < finished_.size(); ++i)
    finished_[i] = &metrics.counter("hearth:request_success_total", "Requests that ended.",
                                    {{"model_name", model}, {"finished_reason", kReasonLabels[i]}});
}

HttpMetrics::HttpMetrics(Metrics& metrics)
    : http_connections(metrics.gauge("hearth:http_connections", "Connections that are open.")),
      clients_gone_(metrics.counter("hearth:http_clients_gone_total",
                                    "Clients that left before their answer was complete.")),
      bytes_in_(metrics.counter("hearth:http_bytes_in_total", "Bytes of bodies received.")),
      bytes_out_(metrics.counter("hearth:http_bytes_out_total", "Bytes of responses sent.")),
      seconds_(metrics.histogram("hearth:http_request_seconds",
                                 "From the first byte of a request to the last of its answer.",
                                 request_buckets())) {
  for (std::size_t i = 0; i < by_class_.size(); ++i)
    by_class_[i] = &metrics.counter("hearth:http_requests_total", "Requests by class of status.",
                                    {{"status", fmt::format("{}xx", i + 1)}});
}

void HttpMetrics::count(const RequestRecord& record) {
  const int status_class = record.status / 100 - 1;
  if (status_class >= 0 && status_class < 5)
    by_class_[static_cast<std::size_t>(status_class)]->add();
  if (record.client_gone) clients_gone_.add();
  bytes_in_.add(record.n_bytes_in);
  bytes_out_.add(record.n_bytes_out);
  seconds_.observe(record.seconds);
}

}  // namespace hearth::server
