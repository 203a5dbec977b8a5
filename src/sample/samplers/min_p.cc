// SPDX-License-Identifier: Apache-2.0
//
// Keeps the tokens whose probability is at least min_p times the likeliest one's (Nguyen et al.
// 2024): in logits, logit >= best + log(min_p).
#include "sample/chain_internal.h"
#include "sample/numeric_internal.h"

namespace hearth::sample {

void apply_min_p(const Step& step, Candidates& candidates) {
  if (candidates.empty()) return;
  const double floor = candidates.best().logit + exact_log(step.params.min_p);
  candidates.keep_from(floor, static_cast<std::size_t>(step.params.min_keep));
}

}  // namespace hearth::sample
