// SPDX-License-Identifier: Apache-2.0
#include "sample/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <vector>

namespace hearth::sample {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

Sampler make(SamplingParams params, std::size_t vocab_size) {
  if (params.seed == kRandomSeed) params.seed = 7;
  auto sampler = Sampler::create(std::move(params), vocab_size);
  EXPECT_TRUE(sampler) << sampler.error().message;
  return std::move(*sampler);
}

// A chain that only draws: no truncation, temperature 1.
SamplingParams plain() {
  SamplingParams params;
  params.temp = 1;
  params.top_k = 0;
  params.top_p = 1;
  params.min_p = 0;
  return params;
}

TEST(Sampler, GreedyTakesTheLowestIdOfATie) {
  SamplingParams params;
  params.temp = 0;
  Sampler sampler = make(params, 5);
  const std::vector<float> logits{1, 3, 2, 3, -5};
  const auto choice = sampler.sample(logits);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->id, 1);
  EXPECT_EQ(choice->probability, 1);
  EXPECT_TRUE(std::isnan(choice->logprob));
  EXPECT_TRUE(choice->top.empty());
}

TEST(Sampler, GreedyFastPathAgreesWithTheChain) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 3);
  for (int round = 0; round < 200; ++round) {
    SamplingParams fast;
    fast.temp = 0;
    fast.repeat_penalty = 1.3F;
    SamplingParams slow = fast;
    slow.typical_p = 0.9999999F;  // acts, so that the fast path is off; drops almost nothing
    std::vector<float> logits(50);
    for (float& logit : logits) logit = std::round(normal(random));  // many ties
    Sampler a = make(fast, 50), b = make(slow, 50);
    const std::vector<std::int32_t> prompt{1, 2, 3, 3};
    a.accept_prompt(prompt);
    b.accept_prompt(prompt);
    EXPECT_EQ(a.sample(logits)->id, b.sample(logits)->id);
  }
}

TEST(Sampler, MaskAndMinusInfinityExclude) {
  Sampler sampler = make(plain(), 4);
  const std::vector<float> logits{9, -kInf, 1, 9};
  TokenMask mask(4);
  mask.allow(1);
  mask.allow(2);
  for (int i = 0; i < 50; ++i) {
    const auto choice = sampler.sample(logits, &mask);
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->id, 2);
    sampler.accept(choice->id);
  }
}

TEST(Sampler, NothingLeftIsAnError) {
  for (const float temp : {0.0F, 1.0F}) {
    SamplingParams params = plain();
    params.temp = temp;
    Sampler sampler = make(params, 3);
    const std::vector<float> dead(3, -kInf);
    EXPECT_EQ(sampler.sample(dead).error().code, ErrorCode::failed);
    const std::vector<float> fine{1, 2, 3};
    const TokenMask none(3);
    EXPECT_EQ(sampler.sample(fine, &none).error().code, ErrorCode::failed);
    params.logit_bias = {{0, -kInf}, {1, -kInf}, {2, -kInf}};
    EXPECT_EQ(make(params, 3).sample(fine).error().code, ErrorCode::failed);
    for (const float bad : {std::nanf(""), -std::nanf(""), kInf}) {
      EXPECT_EQ(sampler.sample(std::vector<float>{1, bad, 2}).error().code, ErrorCode::failed);
    }
    EXPECT_TRUE(sampler.sample(fine));
  }
}

TEST(Sampler, DrawsFromTheSoftmax) {
  Sampler sampler = make(plain(), 6);
  const std::vector<float> logits{0, 1, 2, -1, 0.5F, -kInf};
  double total = 0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit));
  std::map<std::int32_t, int> seen;
  constexpr int kDraws = 40000;
  for (int i = 0; i < kDraws; ++i) {
    const auto choice = sampler.sample(logits);
    const auto id = static_cast<std::size_t>(choice->id);
    EXPECT_NEAR(choice->probability, std::exp(logits[id]) / total, 1e-6);
    ++seen[choice->id];
    sampler.accept(choice->id);
  }
  double chi_square = 0;
  for (std::int32_t id = 0; id < 5; ++id) {
    const double expected = kDraws * std::exp(logits[static_cast<std::size_t>(id)]) / total;
    chi_square += (seen[id] - expected) * (seen[id] - expected) / expected;
  }
  EXPECT_LT(chi_square, 23.5);  // 4 degrees of freedom: one in 10 000
  EXPECT_EQ(seen[5], 0);
}

TEST(Sampler, ReportsLogProbabilitiesOfTheModelsOwnDistribution) {
  SamplingParams params;
  params.temp = 0.1F;
  params.top_k = 1;
  params.n_probs = 3;
  params.logit_bias = {{0, 50}};
  Sampler sampler = make(params, 4);
  const std::vector<float> logits{0, 1, 2, 1};
  const double total = 1 + 2 * std::exp(1) + std::exp(2);
  const auto choice = sampler.sample(logits);
  EXPECT_EQ(choice->id, 0);
  EXPECT_NEAR(choice->logprob, -std::log(total), 1e-6);
  ASSERT_EQ(choice->top.size(), 3U);
  EXPECT_EQ(choice->top[0].id, 2);
  EXPECT_NEAR(choice->top[0].logprob, 2 - std::log(total), 1e-6);
  EXPECT_EQ(choice->top[1].id, 1);
  EXPECT_EQ(choice->top[2].id, 3);

  params.post_sampling_probs = true;
  const auto final_choice = make(params, 4).sample(logits);
  EXPECT_EQ(final_choice->logprob, 0);
  EXPECT_EQ(make(params, 4).sample(logits)->id, 0);
}

TEST(Sampler, SamplingTwiceAnswersTwiceTheSame) {
  Sampler sampler = make(plain(), 1000);
  const std::vector<float> flat(1000, 0.25F);
  const auto first = sampler.sample(flat)->id;
  EXPECT_EQ(sampler.sample(flat)->id, first);
  sampler.accept(first);
  const auto second = sampler.sample(flat)->id;
  sampler.roll_back(1);
  EXPECT_EQ(sampler.sample(flat)->id, first);
  sampler.accept(first);
  EXPECT_EQ(sampler.clone().sample(flat)->id, second);
}

TEST(Sampler, ARandomSeedIsDrawnAndTold) {
  SamplingParams params;
  const auto a = Sampler::create(params, 10), b = Sampler::create(params, 10);
  EXPECT_NE(a->seed(), kRandomSeed);
  EXPECT_NE(a->seed(), b->seed());  // one in 2^32
}

TEST(Sampler, RefusesWhatValidateRefuses) {
  SamplingParams params;
  params.top_p = 1.5F;
  EXPECT_EQ(Sampler::create(params, 10).error().code, ErrorCode::usage);
  EXPECT_EQ(Sampler::create(SamplingParams{}, 0).error().code, ErrorCode::usage);
}

}  // namespace
}  // namespace hearth::sample
