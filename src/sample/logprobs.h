// SPDX-License-Identifier: Apache-2.0
//
// Natural logs of probabilities in a model's own distribution, softmax of one row of logits as
// given: log p = (logit - best) - log(sum exp(logit - best)), rounded to float once, the same bits
// on every machine. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hearth::sample {

struct TokenLogprob {
  std::int32_t id;
  float logprob;
};

// Returns that of `id`; top gets the n_top likeliest tokens, best first, lower ids first among
// equals, fewer when fewer have a probability above 0. The row has no bad value (softmax.h) and one
// finite logit at least.
float read_logprobs(std::span<const float> logits, std::int32_t id, std::size_t n_top,
                    std::vector<TokenLogprob>& top);

}  // namespace hearth::sample
