// SPDX-License-Identifier: Apache-2.0
#include "sample/softmax.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "sample/numeric_internal.h"

namespace hearth::sample {

// One branch-free pass.
bool has_bad_value(std::span<const float> logits) {
  std::uint32_t bad = 0;
  for (const float logit : logits) {
    const auto bits = std::bit_cast<std::uint32_t>(logit);
    bad |= static_cast<std::uint32_t>((bits & 0x7FFFFFFF) > 0x7F800000) |
           static_cast<std::uint32_t>(bits == 0x7F800000);
  }
  return bad != 0;
}

// A block at a time, so that the exponentials become vector code while the sum keeps its order.
double sum_of_weights(std::span<const float> logits, double best) {
  constexpr std::size_t kBlock = 256;
  double weights[kBlock];
  double total = 0;
  while (!logits.empty()) {
    const std::size_t n = std::min(kBlock, logits.size());
    for (std::size_t i = 0; i < n; ++i) weights[i] = weight_of(logits[i] - best);
    for (std::size_t i = 0; i < n; ++i) total += weights[i];
    logits = logits.subspan(n);
  }
  return total;
}

double log_sum_exp(std::span<const float> logits) {
  const double best = *std::ranges::max_element(logits);
  if (best == -kInfinity) return best;
  return best + exact_log(sum_of_weights(logits, best));
}

}  // namespace hearth::sample
