// SPDX-License-Identifier: Apache-2.0
#include "traffic/statistics.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/running_mean.h"

namespace hearth::traffic {

double percentile(std::span<const double> sorted, double percent) {
  CHECK(!sorted.empty() && percent >= 0 && percent <= 100);
  const double rank = percent / 100 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (rank - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Statistics statistics_of(std::vector<double> numbers) {
  if (numbers.empty()) return {};
  std::ranges::sort(numbers);
  RunningMean mean;
  for (const double number : numbers) mean.add(number);
  const auto n = static_cast<double>(numbers.size());
  return {.mean = mean.mean(),
          .median = percentile(numbers, 50),
          .deviation = mean.standard_deviation() * std::sqrt((n - 1) / n),
          .p90 = percentile(numbers, 90),
          .p95 = percentile(numbers, 95),
          .p99 = percentile(numbers, 99),
          .most = numbers.back()};
}

}  // namespace hearth::traffic
