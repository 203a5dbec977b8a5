// SPDX-License-Identifier: Apache-2.0
//
// Mirostat (Basu et al. 2020): steers the surprise -log2 p of drawn tokens towards tau. mu bounds
// the surprise that a candidate may have; after a draw, mu := mu - eta (surprise - tau).
//   1: estimates the exponent s of a Zipf law from the best 100 tokens and derives how many to keep
//   2: drops the tokens more surprising than mu, whichever they are
#include <algorithm>
#include <cmath>

#include "sample/chain_internal.h"
#include "sample/numeric_internal.h"

namespace hearth::sample {
namespace {

constexpr std::size_t kZipfTokens = 100;

Drawn draw_and_learn(const Step& step, Candidates& candidates) {
  Drawn drawn = draw(step, candidates);
  const double surprise = -exact_log(drawn.probability) / kLn2;
  drawn.next.mirostat_mu -= step.params.mirostat_eta * (surprise - step.params.mirostat_tau);
  return drawn;
}

// k = ((s - 1) 2^mu / (1 - n^(1 - s)))^(1 / s), at least 1 and at most the candidates there are.
std::size_t zipf_cut(double s, double mu, double vocab_size, std::size_t most) {
  const double excess = s - 1;
  const double inner = excess * exact_pow(2, mu) / (1 - exact_pow(vocab_size, -excess));
  const double k = exact_pow(inner, 1 / s);
  if (!(k >= 1)) return 1;  // also NaN, which a lone candidate makes
  return k < static_cast<double>(most) ? static_cast<std::size_t>(k) : most;
}

}  // namespace

Drawn draw_mirostat_1(const Step& step, Candidates& candidates) {
  const std::size_t n = candidates.size();
  double up = 0, down = 0;  // least squares of log(p_i / p_i+1) over log((i + 2) / (i + 1))
  for (std::size_t i = 0; i + 1 < std::min(n, kZipfTokens); ++i) {
    const double t = exact_log(static_cast<double>(i + 2) / static_cast<double>(i + 1));
    const double b =
        static_cast<double>(candidates.ranked(i).logit) - candidates.ranked(i + 1).logit;
    up += t * b;
    down += t * t;
  }
  const double mu = step.history.feedback().mirostat_mu;
  candidates.keep_top(zipf_cut(up / down, mu, static_cast<double>(step.vocab_size), n));
  return draw_and_learn(step, candidates);
}

Drawn draw_mirostat_2(const Step& step, Candidates& candidates) {
  // -log2(p) <= mu  <=>  logit >= best + log(total) - mu ln 2
  const double mu = step.history.feedback().mirostat_mu;
  const double total = candidates.weigh();
  const double top = candidates.best().logit;
  const double floor = top + exact_log(total) - mu * kLn2;
  if (floor <= top) {
    candidates.keep_from(floor, 0);
  } else {
    candidates.keep_top(1);
  }
  return draw_and_learn(step, candidates);
}

}  // namespace hearth::sample
