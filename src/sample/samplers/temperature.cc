// SPDX-License-Identifier: Apache-2.0
//
// logit / temp; temp <= 0 leaves the best token alone. With dynatemp_range > 0 the temperature is
//   low + (high - low) * (entropy / log(n))^exponent,  low, high = max(0, temp - range), temp +
//   range
// so that a confident model is made more so and a hesitant one freer.
#include <algorithm>
#include <cmath>

#include "sample/chain_internal.h"
#include "sample/numeric_internal.h"

namespace hearth::sample {

void scale_by_temperature(double temp, Candidates& candidates) {
  if (temp <= 0) return candidates.keep_top(1);
  if (candidates.empty()) return;
  // A tiny temperature can overflow; then the best becomes 0 and the rest fall away from it, which
  // is the same distribution.
  const double top = candidates.best().logit;
  const bool shift = !std::isfinite(static_cast<float>(top / temp));
  candidates.transform(true, [&](std::size_t, const Candidate& c) {
    const double value = shift ? (c.logit - top) / temp : c.logit / temp;
    return static_cast<float>(std::max<double>(value, -std::numeric_limits<float>::max()));
  });
}

void apply_temperature(const Step& step, Candidates& candidates) {
  const SamplingParams& params = step.params;
  if (params.dynatemp_range <= 0) return scale_by_temperature(params.temp, candidates);

  const std::size_t n = candidates.size();
  if (n <= 1) return;
  const double low = std::max(0.0, static_cast<double>(params.temp) - params.dynatemp_range);
  const double high = static_cast<double>(params.temp) + params.dynatemp_range;
  const double total = candidates.weigh();
  const double top = candidates.best().logit;
  // entropy = -sum p log p, with p = w / total and log p = (logit - top) - log total
  double moment = 0;
  for (std::size_t i = 0; i < n; ++i) {
    moment += candidates.weights()[i] * (candidates.list()[i].logit - top);
  }
  const double entropy = std::max(0.0, exact_log(total) - moment / total);
  const double share = entropy / exact_log(static_cast<double>(n));
  scale_by_temperature(low + (high - low) * exact_pow(share, params.dynatemp_exponent), candidates);
}

}  // namespace hearth::sample
