// SPDX-License-Identifier: Apache-2.0
//
// The parts of softmax over one row of logits as the model gave it. Sums have one order and use the
// exponential of numeric_internal.h, so results are the same bits on every machine. Pure functions;
// any thread.
#pragma once

#include <span>

namespace hearth::sample {

// True if any logit is NaN or +infinity. -infinity is sound: a token that cannot come.
bool has_bad_value(std::span<const float> logits);

// sum exp(logit - best), for best >= every logit.
double sum_of_weights(std::span<const float> logits, double best);

// log(sum exp(logit)), so that log p = logit - log_sum_exp; -infinity for a row of only that. The
// row is not empty and has no bad value.
double log_sum_exp(std::span<const float> logits);

}  // namespace hearth::sample
