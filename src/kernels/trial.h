// SPDX-License-Identifier: Apache-2.0
//
// How fast two tables compute the same small product with many tokens, measured here and now: some
// tens of microseconds on one core. For a choice that what a CPU has does not settle.
#pragma once

#include "kernels/kernels.h"

namespace hearth::kernels {

// Multiply-adds a second.
struct Trial {
  double first, second;
};

// Both take their weights in panels. In turn several times, the best of each counting, so that an
// interruption or a clock that still rises harms neither.
Trial try_products(const Kernels& first, const Kernels& second);

}  // namespace hearth::kernels
