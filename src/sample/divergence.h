// SPDX-License-Identifier: Apache-2.0
//
// How far one model's predictions are from another's, position by position over the same tokens:
// what quantisation, or another engine, changed. The measures are those of llama.cpp's
// llama-perplexity --kl-divergence, here from logits in full float32.
//
//   KL(P || Q) = sum p (log p - log q),  P the reference, Q the other, in nats
//   delta p    = q(next) - p(next), for the token that really comes next
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/running_mean.h"

namespace hearth::sample {

struct Estimate {
  double value = 0, standard_error = 0;
};

struct Divergence {
  std::size_t n = 0;  // positions
  Estimate kl;        // mean
  double kl_median = 0, kl_p99 = 0, kl_max = 0;
  Estimate same_top;     // share of positions whose likeliest token is the same
  Estimate rms_delta_p;  // root mean square of delta p, over positions with a next token
};

class DivergenceStatistics {
 public:
  static constexpr std::int32_t kNoToken = -1;

  // Rows of one size, not empty and without NaN and +infinity (see softmax.h). next is the token
  // that follows, or kNoToken. Of equal logits the lower id is the likelier.
  void add(std::span<const float> reference, std::span<const float> other, std::int32_t next);

  Divergence summary() const;

 private:
  RunningMean kl_, same_top_, squared_delta_p_;
  std::vector<double> kls_;
};

}  // namespace hearth::sample
