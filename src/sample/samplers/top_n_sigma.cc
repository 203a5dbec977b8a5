// SPDX-License-Identifier: Apache-2.0
//
// Keeps the tokens whose logit lies within n standard deviations of the best one (Tang et al.
// 2024): the noise of a vocabulary is roughly normal, and what stands out of it is signal.
#include <cmath>

#include "sample/chain_internal.h"

namespace hearth::sample {

void apply_top_n_sigma(const Step& step, Candidates& candidates) {
  const auto list = candidates.list();
  if (list.size() <= 1) return;
  const auto n = static_cast<double>(list.size());
  double sum = 0;
  for (const Candidate& c : list) sum += c.logit;
  const double mean = sum / n;
  double squares = 0;
  for (const Candidate& c : list) squares += (c.logit - mean) * (c.logit - mean);
  const double sigma = std::sqrt(squares / n);
  candidates.keep_from(candidates.best().logit - step.params.top_n_sigma * sigma, 0);
}

}  // namespace hearth::sample
