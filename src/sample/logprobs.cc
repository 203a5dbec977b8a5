// SPDX-License-Identifier: Apache-2.0
#include "sample/logprobs.h"

#include <algorithm>

#include "sample/candidates_internal.h"
#include "sample/numeric_internal.h"
#include "sample/softmax.h"

namespace hearth::sample {

float read_logprobs(std::span<const float> logits, std::int32_t id, std::size_t n_top,
                    std::vector<TokenLogprob>& top, std::vector<Candidate>& best) {
  select_top(logits, nullptr, std::max<std::size_t>(n_top, 1), best);
  const double top_logit = best.front().logit;
  const double log_total = exact_log(sum_of_weights(logits, top_logit));
  const auto logprob = [&](float logit) {
    return static_cast<float>((logit - top_logit) - log_total);
  };
  top.clear();
  for (const Candidate& c : best) {
    if (top.size() < n_top) top.push_back({c.id, logprob(c.logit)});
  }
  return logprob(logits[static_cast<std::size_t>(id)]);
}

float read_logprobs(std::span<const float> logits, std::int32_t id, std::size_t n_top,
                    std::vector<TokenLogprob>& top) {
  std::vector<Candidate> best;
  return read_logprobs(logits, id, n_top, top, best);
}

}  // namespace hearth::sample
