// SPDX-License-Identifier: Apache-2.0
//
// Exclude top choices: with the given chance, removes every token of probability >= threshold but
// the least likely of them, so that an expected word gives way to a plausible one. Does nothing
// when that would leave fewer than min_keep.
#include "sample/chain_internal.h"

namespace hearth::sample {

void apply_xtc(const Step& step, Candidates& candidates) {
  const SamplingParams& params = step.params;
  if (step.draws.xtc > params.xtc_probability || candidates.size() < 2) return;

  const double floor = params.xtc_threshold * candidates.weigh();
  const auto list = candidates.list();
  const auto weights = candidates.weights();
  Candidate last{kDead, -1};  // the least likely of the top choices
  std::size_t n_top = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (weights[i] < floor) continue;
    if (n_top++ == 0 || better(last, list[i])) last = list[i];
  }
  if (n_top < 2) return;
  if (list.size() - (n_top - 1) < static_cast<std::size_t>(params.min_keep)) return;
  candidates.keep_if([&](std::size_t, const Candidate& c) { return !better(c, last); });
}

}  // namespace hearth::sample
