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
constexpr double kEnough = 128;            // rows; more at a time are hardly cheaper
constexpr double kBorrowed = 0.5;          // of a step's share: no debt before that, steps vary
constexpr std::uint32_t kMany = 32;        // rows; fewer say nothing about many

}  // namespace

StepCosts::Alone& StepCosts::alone(std::uint32_t n_generating) {
  return alone_[static_cast<std::size_t>(std::bit_width(n_generating))];
}

std::uint32_t StepCosts::piece() const {
  if (seconds_of_many_ == 0) return 0;
  const double rows = budget_.longest_pause / seconds_of_many_;
  return static_cast<std::uint32_t>(std::min(rows, kEnough));
}

bool StepCosts::is_open_to_prompts(std::uint32_t n_generating) {
  const Alone& without = alone(n_generating);
  return without.seconds > 0 && without.n_since < kSeenAgain &&
         debt_ <= kBorrowed * share_of(without);
}

std::uint32_t StepCosts::prompt_rows_beside(std::uint32_t n_generating, bool for_short) {
  is_for_short_ = for_short;
  if (for_short) return piece();
  const double allowed = share_of(alone(n_generating));
  // Rows are cheap as long as a step is bound by reading weights, so few rows say little about
  // many: the number grows by doubling, and shrinks at once.
  const std::uint32_t most = std::max(budget_.least_rows, 2 * last_rows_);
  const double rows = added_rows_ == 0     ? 0
                      : added_seconds_ > 0 ? allowed * added_rows_ / added_seconds_
                                           : std::numeric_limits<double>::infinity();
  last_rows_ = rows >= most ? most : std::max(budget_.least_rows, static_cast<std::uint32_t>(rows));
  return last_rows_;
}

void StepCosts::record(std::uint32_t n_prompt, std::uint32_t n_generating, double seconds) {
  if (n_generating == 0) {
    debt_ = 0;  // nobody waited
    record_many(n_prompt, seconds);
    return;
  }
  Alone& without = alone(n_generating);
  if (n_prompt == 0) {
    without.n_since = 0;
    without.seconds +=
        without.seconds == 0
            ? seconds
            : kNew * (std::min(seconds, kOutlier * without.seconds) - without.seconds);
    debt_ = std::max(0.0, debt_ - share_of(without));
    return;
  }
  if (without.seconds == 0) return;
  ++without.n_since;
  double added = std::max(0.0, seconds - without.seconds);
  debt_ = std::max(0.0, debt_ + added - share_of(without));
  if (is_for_short_) return record_many(n_prompt, added);
  const double mean = added_rows_ == 0 ? 0 : added_seconds_ / added_rows_;
  if (mean > 0) added = std::min(added, kOutlier * mean * n_prompt);
  added_seconds_ = (1 - kNew) * added_seconds_ + kNew * added;
  added_rows_ = (1 - kNew) * added_rows_ + kNew * n_prompt;
}

void StepCosts::record_many(std::uint32_t n_rows, double seconds) {
  if (n_rows < kMany) return;
  const double latest = seconds / n_rows;
  const double mean = seconds_of_many_ == 0 ? latest : seconds_of_many_;
  seconds_of_many_ = mean + kNew * (std::min(latest, kOutlier * mean) - mean);
}

}  // namespace hearth::engine
