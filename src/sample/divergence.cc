// SPDX-License-Identifier: Apache-2.0
#include "sample/divergence.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "sample/numeric_internal.h"
#include "sample/softmax.h"

namespace hearth::sample {
namespace {

// Between two neighbours of the sorted values where the place falls between them.
double quantile(std::span<const double> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = place - static_cast<double>(below);
  return part == 0 ? sorted[below] : (1 - part) * sorted[below] + part * sorted[above];
}

}  // namespace

void DivergenceStatistics::add(std::span<const float> reference, std::span<const float> other,
                               std::int32_t next) {
  CHECK(reference.size() == other.size() && !reference.empty());
  const double log_total_p = log_sum_exp(reference), log_total_q = log_sum_exp(other);
  double kl = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const double log_p = reference[i] - log_total_p;
    const double p = exact_exp(log_p);
    if (p > 0) kl += p * (log_p - (other[i] - log_total_q));
  }
  kl = std::max(kl, 0.0);  // below 0 it can only be rounding (Gibbs)
  kl_.add(kl);
  kls_.push_back(kl);

  const auto best = [](std::span<const float> row) {
    return std::ranges::max_element(row) - row.begin();
  };
  same_top_.add(best(reference) == best(other) ? 1 : 0);
  if (next == kNoToken) return;
  const auto token = static_cast<std::size_t>(next);
  CHECK(next >= 0 && token < reference.size());
  const double delta =
      exact_exp(other[token] - log_total_q) - exact_exp(reference[token] - log_total_p);
  squared_delta_p_.add(delta * delta);
}

Divergence DivergenceStatistics::summary() const {
  Divergence summary;
  summary.n = kls_.size();
  if (summary.n == 0) return summary;
  std::vector<double> sorted = kls_;
  std::ranges::sort(sorted);
  summary.kl = {kl_.mean(), kl_.standard_error()};
  summary.kl_median = quantile(sorted, 0.5);
  summary.kl_p99 = quantile(sorted, 0.99);
  summary.kl_max = sorted.back();
  summary.same_top = {same_top_.mean(), same_top_.standard_error()};
  // d sqrt(x) = dx / (2 sqrt(x))
  const double rms = std::sqrt(squared_delta_p_.mean());
  summary.rms_delta_p = {rms, rms > 0 ? squared_delta_p_.standard_error() / (2 * rms) : 0};
  return summary;
}

}  // namespace hearth::sample
