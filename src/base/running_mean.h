// SPDX-License-Identifier: Apache-2.0
//
// The mean of numbers that come one by one, and how sure it is. Welford's recurrence (Technometrics
// 4, 1962), which loses nothing to cancellation. A plain value; one thread.
#pragma once

#include <cmath>
#include <cstddef>

namespace hearth {

class RunningMean {
 public:
  void add(double value) {
    ++n_;
    const double step = value - mean_;
    mean_ += step / static_cast<double>(n_);
    squares_ += step * (value - mean_);
  }

  std::size_t n() const { return n_; }
  double mean() const { return mean_; }  // 0 when there are no numbers
  // Of the sample: sqrt(sum (x - mean)^2 / (n - 1)); 0 below two numbers.
  double standard_deviation() const {
    return n_ < 2 ? 0 : std::sqrt(squares_ / static_cast<double>(n_ - 1));
  }
  // Standard error of the mean: sqrt(sum (x - mean)^2 / (n (n - 1))); 0 below two numbers.
  double standard_error() const {
    if (n_ < 2) return 0;
    const auto n = static_cast<double>(n_);
    return std::sqrt(squares_ / (n * (n - 1)));
  }

 private:
  std::size_t n_ = 0;
  double mean_ = 0, squares_ = 0;
};

}  // namespace hearth
