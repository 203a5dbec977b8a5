// SPDX-License-Identifier: Apache-2.0
//
// How fast two tables compute the same small product with many tokens, measured here and now: some
// tens of microseconds on one core for each number of tokens. For choices that what a CPU has does
// not settle.
#pragma once

#include <span>
#include <vector>

#include "kernels/kernels.h"

namespace hearth::kernels {

// Multiply-adds a second.
struct Trial {
  double first, second;
};

// Q4_K and 24 tokens. Both take their weights in panels. In turn several times, the best of each
// counting, so that an interruption or a clock that still rises harms neither.
Trial try_products(const Kernels& first, const Kernels& second);

struct TrialOf {
  size_t n_tokens;
  Trial trial;
};
// The same with 4 to 64 tokens, in ascending order.
std::vector<TrialOf> try_numbers_of_tokens(const Kernels& first, const Kernels& second,
                                           WeightType type);
// From how many tokens on `first` is faster at every number that was tried; kNoBatch if not even at
// the last.
size_t break_even(std::span<const TrialOf> ascending);

}  // namespace hearth::kernels
