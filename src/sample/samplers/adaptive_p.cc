// SPDX-License-Identifier: Apache-2.0
//
// Adaptive-p (llama.cpp, pull request 17927): draws tokens whose probability is near a target
// rather than the likeliest ones. The target moves against the decayed mean of what was drawn
// before:
//   aim = clamp(2 target - sum / weight, 0, 1)
//   d = |p - aim| / 0.3,   logit := 5 - 10 d^2 / (1 + d)
// and after the token was accepted, sum := p + decay sum, weight := 1 + decay weight.
#include <algorithm>
#include <cmath>

#include "sample/chain_internal.h"

namespace hearth::sample {

namespace {
constexpr double kWidth = 0.3;
constexpr double kPeak = 5;
constexpr double kSharpness = 10;
}  // namespace

Drawn draw_adaptive(const Step& step, Candidates& candidates) {
  const double target = step.params.adaptive_target;
  if (target < 0) return draw(step, candidates);

  const double total = candidates.weigh();
  auto& original = step.scratch.probabilities;
  original.resize(candidates.size());
  for (std::size_t i = 0; i < original.size(); ++i) original[i] = candidates.weights()[i] / total;

  const Feedback& past = step.history.feedback();
  const double aim = std::clamp(2 * target - past.adaptive_sum / past.adaptive_weight, 0.0, 1.0);
  candidates.transform(false, [&](std::size_t i, const Candidate&) {
    const double d = std::abs(original[i] - aim) / kWidth;
    return static_cast<float>(kPeak - kSharpness * d * d / (1 + d));
  });

  Drawn drawn = draw(step, candidates);
  const auto list = candidates.list();
  const auto chosen = std::ranges::find(list, drawn.id, &Candidate::id);
  const double p = original[static_cast<std::size_t>(chosen - list.begin())];
  const double decay = std::clamp(step.params.adaptive_decay, 0.0F, 0.99F);
  drawn.next.adaptive_sum = p + decay * past.adaptive_sum;
  drawn.next.adaptive_weight = 1 + decay * past.adaptive_weight;
  return drawn;
}

Feedback first_feedback(const SamplingParams& params) {
  const double decay = std::clamp(params.adaptive_decay, 0.0F, 0.99F);
  return {.mirostat_mu = 2.0 * params.mirostat_tau,
          .adaptive_sum = params.adaptive_target / (1 - decay),
          .adaptive_weight = 1 / (1 - decay)};
}

}  // namespace hearth::sample
