// SPDX-License-Identifier: Apache-2.0
//
// Every sampler that cuts or scales, at the size of real vocabularies and over many random rows,
// against its definition written out naively: a full sort, long double, the C library's functions.
// golden_test.cc has the small and odd rows; these are the long ones, where partial selection,
// vector code and the order of sums matter.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "sample/chain_internal.h"

namespace hearth::sample {
namespace {

using Real = long double;

struct Token {
  std::int32_t id;
  Real logit;
};
using Tokens = std::vector<Token>;  // likeliest first, then the lower id

std::vector<Real> softmax(const Tokens& tokens) {
  std::vector<Real> p;
  Real total = 0;
  for (const Token& token : tokens)
    total += p.emplace_back(std::exp(token.logit - tokens[0].logit));
  for (Real& x : p) x /= total;
  return p;
}

Real entropy_of(const std::vector<Real>& p) {
  Real entropy = 0;
  for (const Real x : p)
    if (x > 0) entropy -= x * std::log(x);
  return entropy;
}

Tokens scaled(Tokens tokens, Real temp) {
  if (temp <= 0) return {tokens[0]};
  for (Token& token : tokens) token.logit /= temp;
  return tokens;
}

// The definitions. A cut that rounding could move is reported through close.
using Definition = std::function<Tokens(Tokens, const SamplingParams&, bool& close)>;

bool near(Real a, Real b) {
  return std::abs(a - b) < 1e-9L;
}

Tokens naive_top_k(Tokens tokens, const SamplingParams& params, bool&) {
  if (tokens.size() > static_cast<std::size_t>(params.top_k))
    tokens.resize(static_cast<std::size_t>(params.top_k));
  return tokens;
}

Tokens naive_top_p(Tokens tokens, const SamplingParams& params, bool& close) {
  const auto p = softmax(tokens);
  Real sum = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    sum += p[i];
    close = close || near(sum, params.top_p);
    if (sum >= params.top_p) {
      tokens.resize(i + 1);
      break;
    }
  }
  return tokens;
}

Tokens naive_min_p(Tokens tokens, const SamplingParams& params, bool& close) {
  const auto p = softmax(tokens);
  Tokens kept;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    close = close || near(p[i] / p[0], params.min_p);
    if (p[i] >= params.min_p * p[0]) kept.push_back(tokens[i]);
  }
  return kept;
}

Tokens naive_typical(Tokens tokens, const SamplingParams& params, bool& close) {
  const auto p = softmax(tokens);
  const Real entropy = entropy_of(p);
  std::vector<std::pair<Real, std::size_t>> order;
  for (std::size_t i = 0; i < tokens.size(); ++i)
    order.emplace_back(std::abs(-std::log(p[i]) - entropy), i);
  std::ranges::sort(order);
  Tokens kept;
  Real sum = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto& [distance, at] = order[i];
    if (i > 0 && distance != order[i - 1].first)
      close = close || near(distance, order[i - 1].first);
    kept.push_back(tokens[at]);
    sum += p[at];
    close = close || near(sum, params.typical_p);
    if (sum > params.typical_p) break;
  }
  return kept;
}

Tokens naive_top_n_sigma(Tokens tokens, const SamplingParams& params, bool& close) {
  Real mean = 0, variance = 0;
  const auto n = static_cast<Real>(tokens.size());
  for (const Token& token : tokens) mean += token.logit / n;
  for (const Token& token : tokens) variance += (token.logit - mean) * (token.logit - mean) / n;
  const Real floor = tokens[0].logit - params.top_n_sigma * std::sqrt(variance);
  for (const Token& token : tokens) close = close || near(token.logit, floor);
  std::erase_if(tokens, [&](const Token& token) { return token.logit < floor; });
  return tokens;
}

Tokens naive_xtc(Tokens tokens, const SamplingParams& params, bool& close) {
  const auto p = softmax(tokens);
  std::size_t n_top = 0;
  for (const Real x : p) {
    close = close || near(x, params.xtc_threshold);
    n_top += x >= params.xtc_threshold ? 1 : 0;
  }
  if (n_top > 1)
    tokens.erase(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(n_top) - 1);
  return tokens;
}

Tokens naive_temperature(Tokens tokens, const SamplingParams& params, bool&) {
  if (params.dynatemp_range <= 0) return scaled(tokens, params.temp);
  if (tokens.size() < 2) return tokens;
  const Real share = entropy_of(softmax(tokens)) / std::log(static_cast<Real>(tokens.size()));
  const Real low = std::max<Real>(0, Real{params.temp} - params.dynatemp_range);
  const Real high = Real{params.temp} + params.dynatemp_range;
  return scaled(tokens, low + (high - low) * std::pow(share, params.dynatemp_exponent));
}

struct Subject {
  const char* name;
  Definition define;
  std::function<void(SamplingParams&, Real u)> vary;  // u in [0, 1)
};

const Subject kSamplers[] = {
    {"top_k", naive_top_k,
     [](SamplingParams& p, Real u) { p.top_k = 1 + static_cast<std::int32_t>(u * u * 3000); }},
    {"top_p", naive_top_p, [](SamplingParams& p, Real u) { p.top_p = static_cast<float>(u); }},
    {"min_p", naive_min_p,
     [](SamplingParams& p, Real u) { p.min_p = static_cast<float>(1e-4L + u * u * u); }},
    {"typical_p", naive_typical,
     [](SamplingParams& p, Real u) { p.typical_p = static_cast<float>(u); }},
    {"top_n_sigma", naive_top_n_sigma,
     [](SamplingParams& p, Real u) { p.top_n_sigma = static_cast<float>(0.1L + 5 * u); }},
    {"xtc", naive_xtc,
     [](SamplingParams& p, Real u) {
       p.xtc_probability = 1;
       p.xtc_threshold = static_cast<float>(u * u * u / 2);
     }},
    {"temperature", naive_temperature,
     [](SamplingParams& p, Real u) { p.temp = static_cast<float>(3 * u); }},
    {"dynamic_temperature", naive_temperature,
     [](SamplingParams& p, Real u) {
       p.temp = 0.9F;
       p.dynatemp_range = static_cast<float>(2 * u);
       p.dynatemp_exponent = static_cast<float>(0.3L + u);
     }},
};

class Naive : public testing::TestWithParam<std::size_t> {};

TEST_P(Naive, AgreesOverManyRows) {
  const Subject& sampler = kSamplers[GetParam()];
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  std::uniform_real_distribution<double> uniform(0, 1);
  const std::string name =
      std::string(sampler.name) == "dynamic_temperature" ? "temperature" : sampler.name;
  const SamplerInfo& info = info_of(parse_sampler_names(name)->front());
  std::size_t n_compared = 0;
  for (int round = 0; round < 400; ++round) {
    const std::size_t sizes[] = {2, 63, 64, 65, 256, 1000, 1000, 4000};
    const std::size_t n = sizes[random() % std::size(sizes)];
    std::normal_distribution<float> normal(0, static_cast<float>(0.05 + 4 * uniform(random)));
    std::vector<float> logits(n);
    for (float& logit : logits) logit = normal(random);
    if (round % 4 == 0)  // many ties
      for (float& logit : logits) logit = std::round(logit * 4) / 4;
    if (round % 5 == 0)
      for (std::size_t i = 0; i < n / 2; ++i) logits[1 + random() % (n - 1)] = kDead;
    Tokens tokens;
    for (std::size_t i = 0; i < n; ++i)
      if (logits[i] != kDead) tokens.push_back({static_cast<std::int32_t>(i), logits[i]});
    std::ranges::stable_sort(tokens, std::greater(), &Token::logit);

    SamplingParams params;
    sampler.vary(params, uniform(random));
    ASSERT_TRUE(validate(params));
    bool close = false;
    Tokens want = sampler.define(tokens, params, close);
    if (close) continue;
    ++n_compared;

    History history;
    history.start(n, 0, {}, false);
    Scratch scratch;
    const Step step{params, n, history, {.pick = 0.5, .xtc = 0.5}, scratch};
    Candidates candidates;
    candidates.reset(logits, nullptr);
    if (round % 2 == 0) candidates.list();
    if (info.acts(params)) info.apply(step, candidates);
    const double total = candidates.weigh();
    std::vector<std::pair<std::int32_t, double>> got;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      got.emplace_back(candidates.list()[i].id, candidates.weights()[i] / total);
    std::ranges::sort(got);

    ASSERT_EQ(got.size(), want.size()) << "round " << round;
    std::ranges::sort(want, std::greater(), &Token::logit);
    const auto p = softmax(want);
    std::vector<std::pair<std::int32_t, double>> expected;
    for (std::size_t i = 0; i < want.size(); ++i)
      expected.emplace_back(want[i].id, static_cast<double>(p[i]));
    std::ranges::sort(expected);
    // Scaled logits are rounded to float32 once, and exp makes that a relative error.
    const Real largest = std::max(std::abs(want.front().logit), std::abs(want.back().logit));
    const double rounding = 1e-6 + static_cast<double>(largest) * 0x1p-23;
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i].first, expected[i].first) << "round " << round;
      ASSERT_NEAR(got[i].second, expected[i].second, rounding * expected[i].second + 1e-12)
          << "round " << round;
    }
  }
  EXPECT_GT(n_compared, 300u);
}

INSTANTIATE_TEST_SUITE_P(Samplers, Naive, testing::Range(std::size_t{0}, std::size(kSamplers)),
                         [](const auto& instance) {
                           return std::string(kSamplers[instance.param].name);
                         });

}  // namespace
}  // namespace hearth::sample
