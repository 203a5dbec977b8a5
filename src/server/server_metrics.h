// SPDX-License-Identifier: Apache-2.0
//
// The metrics that the server keeps, each under vLLM's name with "hearth:" for "vllm:" (vLLM 1,
// docs/usage/metrics), so that its dashboards serve after one replacement. Those of HTTP are ours.
// Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "server/http/server.h"
#include "server/metrics.h"

namespace hearth::server {

// Why an answer ended; vLLM's finished_reason.
enum class FinishReason : std::uint8_t { stop, length, abort, error };
inline constexpr int kFinishReasons = 4;

// Of one model, with the label model_name.
class ModelMetrics {
 public:
  ModelMetrics(Metrics& metrics, const std::string& model);

  // Requests that ended, by reason.
  Counter& finished(FinishReason reason) { return *finished_[static_cast<std::size_t>(reason)]; }

  Gauge& num_requests_running;
  Gauge& num_requests_waiting;
  Gauge& kv_cache_usage_perc;  // 0 to 1, in spite of its name
  Counter& num_preemptions_total;
  Counter& prefix_cache_queries_total;  // tokens of prompts
  Counter& prefix_cache_hits_total;     // those that the cache had
  Counter& prefix_cache_broken_total;   // ours: prompts that lost a past by a change in it
  Counter& prompt_tokens_total;
  Counter& generation_tokens_total;
  Histogram& time_to_first_token_seconds;
  Histogram& inter_token_latency_seconds;
  Histogram& e2e_request_latency_seconds;
  Histogram& request_queue_time_seconds;
  Histogram& request_prefill_time_seconds;
  Histogram& request_decode_time_seconds;
  Histogram& request_prompt_tokens;
  Histogram& request_generation_tokens;
  Counter& worker_restarts_total;  // ours: vLLM has no workers that come back

 private:
  std::array<Counter*, kFinishReasons> finished_;
};

// Of all requests, understood or not.
class HttpMetrics {
 public:
  explicit HttpMetrics(Metrics& metrics);
  void count(const RequestRecord& record);

  Gauge& http_connections;

 private:
  std::array<Counter*, 5> by_class_;  // 1xx to 5xx
  Counter& clients_gone_;
  Counter& bytes_in_;
  Counter& bytes_out_;
  Histogram& seconds_;
};

}  // namespace hearth::server
