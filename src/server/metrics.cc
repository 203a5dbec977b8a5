// SPDX-License-Identifier: Apache-2.0
#include "server/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include "base/check.h"

namespace hearth::server {
namespace {

constexpr double kFirstToken[] = {0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75,
                                  1,     2.5,   5,    7.5,  10,   20,   40,   80,  160,  640, 2560};
constexpr double kBetweenTokens[] = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4,
                                     0.5,   0.75, 1,     2.5,  5,     7.5, 10,   20,  40,  80};
constexpr double kRequest[] = {0.1, 0.3, 0.5, 0.8, 1,  1.5, 2,   2.5, 5,   10,
                               15,  20,  30,  40,  50, 60,  120, 240, 480, 960};

bool is_metric_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
  };
  return !name.empty() && is_letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

// Backslash, quote and line feed are written as two characters each.
std::string escaped(std::string_view text, bool with_quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (c == '"' && with_quotes)) out += '\\';
    out += c;
  }
  return out;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

std::string label_text(const Metrics::Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels)
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", name, escaped(value, true));
  return text;
}

std::string in_braces(std::string_view labels) {
  return labels.empty() ? std::string() : fmt::format("{{{}}}", labels);
}

}  // namespace

struct Metrics::Series {
  Labels by_name;
  std::string labels;  // the same as text
  Counter counter;
  Gauge gauge;
  std::optional<Histogram> histogram;
};

struct Metrics::Family {
  std::string name;
  std::string help;
  std::string kind;
  std::deque<Series> series;
};

Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()),
      counts_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds.size() + 1)) {
  CHECK(std::ranges::is_sorted(bounds_));
}

void Histogram::observe(double value) {
  if (std::isnan(value)) return;
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::span<const double> first_token_buckets() {
  return kFirstToken;
}
std::span<const double> between_tokens_buckets() {
  return kBetweenTokens;
}
std::span<const double> request_buckets() {
  return kRequest;
}

std::vector<double> count_buckets(double n) {
  std::vector<double> bounds;
  for (double decade = 1; decade <= n; decade *= 10)
    for (const double step : {1.0, 2.0, 5.0})
      if (decade * step <= n) bounds.push_back(decade * step);
  return bounds;
}

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

Metrics::Series& Metrics::add(std::string_view name, std::string_view help, std::string_view kind,
                              Labels labels) {
  CHECK(is_metric_name(name));
  for (const auto& [label, value] : labels) CHECK(is_metric_name(label));
  auto family = std::ranges::find(families_, name, &Family::name);
  if (family == families_.end()) {
    families_.push_back({std::string(name), std::string(help), std::string(kind), {}});
    family = std::prev(families_.end());
  }
  CHECK(family->kind == kind && family->help == help);
  std::string text = label_text(labels);
  CHECK(std::ranges::find(family->series, text, &Series::labels) == family->series.end());
  Series& series = family->series.emplace_back();
  series.by_name = std::move(labels);
  series.labels = std::move(text);
  return series;
}

Counter& Metrics::counter(std::string_view name, std::string_view help, Labels labels) {
  CHECK(name.ends_with("_total"));
  const std::lock_guard lock(mutex_);
  return add(name, help, "counter", std::move(labels)).counter;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(mutex_);
  return add(name, help, "gauge", std::move(labels)).gauge;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help,
                              std::span<const double> bounds, Labels labels) {
  const std::lock_guard lock(mutex_);
  return add(name, help, "histogram", std::move(labels)).histogram.emplace(bounds);
}

std::string Metrics::text(const MetricsFilter& filter) const {
  const std::lock_guard lock(mutex_);
  const auto is_hidden = [&](const Labels& labels) {
    return std::ranges::any_of(labels, [&](const auto& label) {
      return label.first == filter.label &&
             std::ranges::find(filter.hidden, label.second) != filter.hidden.end();
    });
  };
  std::string text;
  const auto out = std::back_inserter(text);
  for (const Family& family : families_) {
    fmt::format_to(out, "# HELP {} {}\n# TYPE {} {}\n", family.name, escaped(family.help, false),
                   family.name, family.kind);
    for (const Series& series : family.series) {
      if (is_hidden(series.by_name)) continue;
      const std::string braces = in_braces(series.labels);
      if (family.kind == "counter") {
        fmt::format_to(out, "{}{} {}\n", family.name, braces, series.counter.value());
      } else if (family.kind == "gauge") {
        fmt::format_to(out, "{}{} {}\n", family.name, braces, number_text(series.gauge.value()));
      } else if (series.histogram) {
        const Histogram& histogram = *series.histogram;
        const std::string before = series.labels.empty() ? "" : series.labels + ",";
        std::uint64_t n = 0;  // buckets are cumulative
        for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) {
          n += histogram.count_in(i);
          const bool is_last = i == histogram.bounds().size();
          fmt::format_to(out, "{}_bucket{{{}le=\"{}\"}} {}\n", family.name, before,
                         is_last ? "+Inf" : number_text(histogram.bounds()[i]), n);
        }
        fmt::format_to(out, "{}_sum{} {}\n{}_count{} {}\n", family.name, braces,
                       number_text(histogram.sum()), family.name, braces, n);
      }
    }
  }
  return text;
}

}  // namespace hearth::server
