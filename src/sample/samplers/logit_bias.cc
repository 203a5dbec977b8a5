// SPDX-License-Identifier: Apache-2.0
//
// logit += bias for each listed token. A bias of -infinity removes the token.
#include <algorithm>

#include "sample/chain_internal.h"

namespace hearth::sample {

void apply_logit_bias(const Step& step, Candidates& candidates) {
  candidates.begin_edits();
  for (const LogitBias& entry : step.params.logit_bias) {
    float* logit = candidates.find(entry.token);
    if (logit == nullptr || *logit == kDead) continue;
    // A sum that overflows upwards stays the best there is instead of becoming infinite.
    *logit = std::min(*logit + entry.bias, std::numeric_limits<float>::max());
  }
  candidates.end_edits();
}

}  // namespace hearth::sample
