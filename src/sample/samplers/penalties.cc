// SPDX-License-Identifier: Apache-2.0
//
// For a token that occurs n > 0 times in the last repeat_last_n tokens (the prompt's included):
//   logit := logit > 0 ? logit / repeat_penalty : logit * repeat_penalty
//   logit := logit - n * frequency_penalty - presence_penalty
#include <algorithm>

#include "sample/chain_internal.h"

namespace hearth::sample {

void apply_penalties(const Step& step, Candidates& candidates) {
  const SamplingParams& params = step.params;
  constexpr float kMax = std::numeric_limits<float>::max();
  candidates.begin_edits();
  for (const TokenCounts::Entry& entry : step.history.counts()) {
    float* logit = candidates.find(entry.token);
    if (logit == nullptr || *logit == kDead) continue;
    float value = *logit;
    value = value <= 0 ? value * params.repeat_penalty : value / params.repeat_penalty;
    value -= static_cast<float>(entry.count) * params.frequency_penalty + params.presence_penalty;
    *logit = std::clamp(value, -kMax, kMax);  // punished, never forbidden
  }
  candidates.end_edits();
}

}  // namespace hearth::sample
