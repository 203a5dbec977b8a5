// SPDX-License-Identifier: Apache-2.0
//
// Locally typical sampling (Meister et al. 2022): keeps the tokens whose surprise is nearest to the
// entropy, until their probabilities sum to more than p; at least one, at least min_keep. Of two
// equally near tokens the likelier goes first, then the lower id.
#include <cmath>

#include "sample/chain_internal.h"
#include "sample/numeric_internal.h"

namespace hearth::sample {

void apply_typical_p(const Step& step, Candidates& candidates) {
  if (candidates.empty()) return;
  const double total = candidates.weigh();
  const double top = candidates.best().logit;
  const auto list = candidates.list();
  const auto weights = candidates.weights();
  const std::size_t n = list.size();

  double moment = 0;
  for (std::size_t i = 0; i < n; ++i) moment += weights[i] * (list[i].logit - top);
  // surprise - entropy = (log total - (logit - top)) - (log total - moment / total)
  const double centre = moment / total;
  auto& ranked = step.scratch.ranked;
  ranked.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    ranked[i] = {std::abs(centre - (list[i].logit - top)), static_cast<std::uint32_t>(i)};
  }
  const auto nearer = [&](const Scratch::Ranked& a, const Scratch::Ranked& b) {
    return a.key < b.key || (a.key == b.key && better(list[a.index], list[b.index]));
  };

  auto& kept = step.scratch.flags;
  kept.assign(n, 0);
  const auto min_keep = static_cast<std::size_t>(step.params.min_keep);
  const double wanted = step.params.typical_p * total;
  double sum = 0;
  std::size_t sorted = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (i == sorted) {
      const std::size_t want = std::min(n, std::max<std::size_t>(64, 4 * sorted));
      grow_sorted_prefix(ranked, sorted, want, nearer);
      sorted = want;
    }
    sum += weights[ranked[i].index];
    kept[ranked[i].index] = 1;
    if (sum > wanted && i + 1 >= min_keep) break;
  }
  candidates.keep_if([&](std::size_t i, const Candidate&) { return kept[i] != 0; });
}

}  // namespace hearth::sample
