// SPDX-License-Identifier: Apache-2.0
//
// Counters, gauges and histograms, and their text for Prometheus (exposition format 0.0.4). Names
// follow vLLM's with our own prefix, "hearth:time_to_first_token_seconds" for
// "vllm:time_to_first_token_seconds", so that dashboards are adapted by one replacement.
//
// A registry owns its metrics; references stay good as long as it lives. Any thread may register
// and ask for the text; updates take no lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hearth::server {

// Counts up.
class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Goes up and down.
class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double n) { value_.fetch_add(n, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Counts values in buckets; a value belongs to the first bucket whose bound is not below it.
class Histogram {
 public:
  // Bounds ascend; above the last there is a bucket for the rest.
  explicit Histogram(std::span<const double> bounds);
  // NaN is left out.
  void observe(double value);

  std::span<const double> bounds() const { return bounds_; }
  std::uint64_t count_in(std::size_t bucket) const {
    return counts_[bucket].load(std::memory_order_relaxed);
  }
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;  // one more than bounds
  std::atomic<double> sum_{0};
};

// vLLM's buckets, in seconds: time to first token, time between tokens, whole requests and queues.
std::span<const double> first_token_buckets();
std::span<const double> between_tokens_buckets();
std::span<const double> request_buckets();
// 1, 2, 5, 10... up to n: of counts of tokens.
std::vector<double> count_buckets(double n);

// Leaves out what has one of these values for the label.
struct MetricsFilter {
  std::string_view label = {};
  std::span<const std::string> hidden = {};
};

class Metrics {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Names are [a-zA-Z_:][a-zA-Z0-9_:]*, those of counters end in "_total". The same name may be
  // registered again with other labels: then kind and help must be the same.
  Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                       Labels labels = {});

  std::string text(const MetricsFilter& filter = {}) const;
  // The value of Content-Type for text().
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Family;
  struct Series;
  // With mutex_ held.
  Series& add(std::string_view name, std::string_view help, std::string_view kind, Labels labels);

  mutable std::mutex mutex_;  // for families_, not for the values
  std::deque<Family> families_;
};

}  // namespace hearth::server
