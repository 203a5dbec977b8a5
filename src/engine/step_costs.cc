// SPDX-License-Identifier: Apache-2.0
#include "engine/step_costs.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace hearth::engine {
namespace {

constexpr double kNew = 0.25;              // how much the latest step counts in a running mean
constexpr double kOutlier = 4;             // no step counts as more than so many times the mean
constexpr std::uint32_t kSeenAgain = 256;  // after so many steps with prompts

}  // namespace

StepCosts::Alone& StepCosts::alone(std::uint32_t n_generating) {
  return alone_[static_cast<std::size_t>(std::bit_width(n_generating))];
}

std::uint32_t StepCosts::prompt_rows_beside(std::uint32_t n_generating) {
  const Alone& without = alone(n_generating);
  if (without.seconds == 0 || without.n_since >= kSeenAgain) return 0;
  const double allowed = (max_stretch_ - 1) * without.seconds;
  // Rows are cheap as long as a step is bound by reading weights, so few rows say little about
  // many: the number grows by doubling, and shrinks at once.
  const std::uint32_t most = std::max(least_rows_, 2 * last_rows_);
  const double rows = added_rows_ == 0     ? 0
                      : added_seconds_ > 0 ? allowed * added_rows_ / added_seconds_
                                           : std::numeric_limits<double>::infinity();
  last_rows_ = rows >= most ? most : std::max(least_rows_, static_cast<std::uint32_t>(rows));
  return last_rows_;
}

void StepCosts::record(std::uint32_t n_prompt, std::uint32_t n_generating, double seconds) {
  if (n_generating == 0) return;
  Alone& without = alone(n_generating);
  if (n_prompt == 0) {
    without.n_since = 0;
    without.seconds +=
        without.seconds == 0
            ? seconds
            : kNew * (std::min(seconds, kOutlier * without.seconds) - without.seconds);
    return;
  }
  if (without.seconds == 0) return;
  ++without.n_since;
  const double mean = added_rows_ == 0 ? 0 : added_seconds_ / added_rows_;
  double added = std::max(0.0, seconds - without.seconds);
  if (mean > 0) added = std::min(added, kOutlier * mean * n_prompt);
  added_seconds_ = (1 - kNew) * added_seconds_ + kNew * added;
  added_rows_ = (1 - kNew) * added_rows_ + kNew * n_prompt;
}

}  // namespace hearth::engine
