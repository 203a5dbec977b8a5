// SPDX-License-Identifier: Apache-2.0
//
// Nucleus sampling (Holtzman et al. 2019): keeps the fewest likeliest tokens whose probabilities
// sum to at least p; at least one, at least min_keep.
#include "sample/chain_internal.h"
#include "sample/numeric_internal.h"

namespace hearth::sample {

void apply_top_p(const Step& step, Candidates& candidates) {
  const std::size_t n = candidates.size();
  if (n == 0) return;
  const auto min_keep = static_cast<std::size_t>(step.params.min_keep);
  const double wanted = step.params.top_p * candidates.weigh();
  const double top = candidates.ranked(0).logit;
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    sum += exact_exp(candidates.ranked(i).logit - top);
    if (sum >= wanted && i + 1 >= min_keep) return candidates.keep_first(i + 1);
  }
  candidates.sort();
}

}  // namespace hearth::sample
