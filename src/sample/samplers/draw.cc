// SPDX-License-Identifier: Apache-2.0
//
// Inverse transform sampling: the first candidate, in list order, at which the running sum of
// weights exceeds u * total. A candidate of weight 0 is never drawn.
#include "base/check.h"
#include "sample/chain_internal.h"

namespace hearth::sample {

Drawn draw(const Step& step, Candidates& candidates) {
  const double total = candidates.weigh();
  const std::span<const double> weights = candidates.weights();
  CHECK(total > 0);
  const double target = step.draws.pick * total;
  double running = 0;
  std::size_t chosen = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    chosen = i;  // rounding may leave the sum short of the target: then the last one it is
    running += weights[i];
    if (running > target) break;
  }
  return {candidates.list()[chosen].id, weights[chosen] / total, step.history.feedback()};
}

}  // namespace hearth::sample
