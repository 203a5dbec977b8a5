// SPDX-License-Identifier: Apache-2.0
//
// Keeps the k likeliest tokens (min_keep does not widen it, as in llama.cpp).
#include "sample/chain_internal.h"

namespace hearth::sample {

void apply_top_k(const Step& step, Candidates& candidates) {
  candidates.keep_top(static_cast<std::size_t>(step.params.top_k));
}

}  // namespace hearth::sample
