// SPDX-License-Identifier: Apache-2.0
//
// What many numbers have in common. Percentiles are taken from all of them, not from buckets:
// between two ranks a straight line, as numpy's default (definition 7 of Hyndman and Fan, "Sample
// quantiles in statistical packages", The American Statistician 50, 1996).
#pragma once

#include <span>
#include <vector>

namespace hearth::traffic {

struct Statistics {
  double mean = 0, median = 0, deviation = 0;  // of the population, as numpy's std; 0 for none
  double p90 = 0, p95 = 0, p99 = 0, most = 0;
};

Statistics statistics_of(std::vector<double> numbers);

// Of numbers in order, at least one; percent from 0 to 100.
double percentile(std::span<const double> sorted, double percent);

}  // namespace hearth::traffic
