// SPDX-License-Identifier: Apache-2.0
//
// Properties of whole chains over random schedules: rolling back and cloning equal a straight
// replay; the mask equals forbidding by bias; big vocabularies agree with a naive chain that sorts
// everything.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include "sample/chain_internal.h"
#include "sample/sampler.h"

namespace hearth::sample {
namespace {

using Random = std::mt19937;

std::vector<float> random_logits(Random& random, std::size_t n, float spread) {
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> logits(n);
  for (float& logit : logits) logit = normal(random);
  return logits;
}

SamplingParams random_params(Random& random) {
  const auto pick = [&](std::initializer_list<float> values) {
    return values.begin()[random() % values.size()];
  };
  SamplingParams params;
  params.seed = random();
  params.temp = pick({0, 0.5F, 1, 1.5F});
  params.dynatemp_range = pick({0, 0, 0.4F});
  params.top_k = static_cast<std::int32_t>(pick({0, 1, 5, 40}));
  params.top_p = pick({0.5F, 0.95F, 1});
  params.min_p = pick({0, 0.05F});
  params.typical_p = pick({0.7F, 1, 1});
  params.top_n_sigma = pick({-1, -1, 1.5F});
  params.xtc_probability = pick({0, 0, 0.5F});
  params.repeat_last_n = static_cast<std::int32_t>(pick({0, 1, 5, 64, -1}));
  params.repeat_penalty = pick({1, 1.2F});
  params.frequency_penalty = pick({0, 0.3F});
  params.presence_penalty = pick({0, 0.2F});
  params.dry_multiplier = pick({0, 0.8F});
  params.dry_penalty_last_n = static_cast<std::int32_t>(pick({-1, 10}));
  params.dry_sequence_breakers = {{3}, {1, 2}};
  params.mirostat = static_cast<int>(pick({0, 0, 0, 1, 2}));
  params.adaptive_target = pick({-1, 0.4F});
  if (random() % 3 == 0) params.samplers.push_back(SamplerKind::adaptive_p);
  if (random() % 3 == 0) std::ranges::shuffle(params.samplers, random);
  if (random() % 3 == 0) params.logit_bias = {{4, 1.5F}, {5, kDead}, {4, -0.5F}};
  return params;
}

// Schedules over a fixed grid of logits, one row for each position: whatever was tried and undone,
// the tokens at each position are those of a run that never erred.
TEST(Replay, RollBackAndCloneEqualAStraightRun) {
  Random random(11);
  constexpr std::size_t kVocab = 60, kLength = 40;
  for (int round = 0; round < 150; ++round) {
    const SamplingParams params = random_params(random);
    std::vector<std::vector<float>> rows;
    for (std::size_t i = 0; i < 2 * kLength; ++i) {
      rows.push_back(random_logits(random, kVocab, 1.5F));
    }
    std::vector<std::int32_t> prompt(random() % 20);
    for (auto& id : prompt) id = static_cast<std::int32_t>(random() % 8);

    Sampler straight = *Sampler::create(params, kVocab);
    straight.accept_prompt(prompt);
    std::vector<std::int32_t> want;
    for (std::size_t i = 0; i < kLength; ++i) {
      want.push_back(straight.sample(rows[i])->id);
      straight.accept(want.back());
    }

    Sampler sampler = *Sampler::create(params, kVocab);
    sampler.accept_prompt(prompt);
    std::vector<std::int32_t> got;
    while (got.size() < kLength) {
      switch (random() % 5) {
        case 0: {  // a draft of arbitrary tokens that fails
          const std::size_t n = random() % 6;
          for (std::size_t i = 0; i < n; ++i) {
            if (random() % 2 == 0) {
              ASSERT_TRUE(sampler.sample(rows[got.size() + i]));
            }
            sampler.accept(static_cast<std::int32_t>(random() % kVocab));
          }
          sampler.roll_back(n);
          break;
        }
        case 1: {  // undo real tokens
          const std::size_t n = random() % (got.size() + 1);
          sampler.roll_back(n);
          got.resize(got.size() - n);
          break;
        }
        case 2: {  // go on with a copy, letting the original stray
          Sampler copy = sampler.clone();
          sampler.accept(static_cast<std::int32_t>(random() % kVocab));
          sampler = std::move(copy);
          break;
        }
        default:
          for (int i = 0; i < 4 && got.size() < kLength; ++i) {
            const auto choice = sampler.sample(rows[got.size()]);
            ASSERT_TRUE(choice);
            ASSERT_EQ(choice->id, want[got.size()]) << "round " << round << " at " << got.size();
            got.push_back(choice->id);
            sampler.accept(choice->id);
          }
      }
      ASSERT_EQ(sampler.n_generated(), got.size());
    }
  }
}

TEST(Replay, AMaskEqualsForbiddingByBias) {
  Random random(12);
  constexpr std::size_t kVocab = 300;
  for (int round = 0; round < 200; ++round) {
    SamplingParams params = random_params(random);
    params.logit_bias.clear();
    TokenMask mask(kVocab);
    SamplingParams forbidding = params;
    for (std::int32_t id = 0; id < static_cast<std::int32_t>(kVocab); ++id) {
      if (random() % 4 == 0 || id == 7) {
        mask.allow(id);
      } else {
        forbidding.logit_bias.push_back({id, kDead});
      }
    }
    Sampler masked = *Sampler::create(params, kVocab);
    Sampler biased = *Sampler::create(forbidding, kVocab);
    for (int i = 0; i < 5; ++i) {
      const auto logits = random_logits(random, kVocab, 2);
      const auto a = masked.sample(logits, &mask), b = biased.sample(logits);
      ASSERT_EQ(a->id, b->id);
      ASSERT_EQ(a->probability, b->probability);
      ASSERT_TRUE(mask.allows(a->id));
      masked.accept(a->id);
      biased.accept(b->id);
    }
  }
}

// The usual chain at full size against sorting everything, with few distinct logits so that ties
// abound at every cut.
TEST(Replay, PartialSelectionEqualsSortingEverything) {
  Random random(13);
  for (const std::size_t n : {1UL, 63UL, 64UL, 65UL, 257UL, 5000UL, 40000UL}) {
    for (const float grain : {1.0F, 0.01F}) {
      for (const std::size_t k : {1UL, 2UL, 40UL, 129UL, 3000UL, 100000UL}) {
        auto logits = random_logits(random, n, 3);
        for (float& logit : logits) logit = std::round(logit / grain) * grain;
        for (std::size_t i = 0; i < n / 3; ++i) logits[random() % n] = kDead;
        logits[0] = 0;
        std::vector<Candidate> sorted;
        for (std::size_t i = 0; i < n; ++i) {
          if (logits[i] != kDead) sorted.push_back({logits[i], static_cast<std::int32_t>(i)});
        }
        std::ranges::sort(sorted, better);
        std::vector<Candidate> top;
        select_top(logits, nullptr, k, top);
        ASSERT_EQ(top.size(), std::min(k, sorted.size()));
        Candidates ranked;
        ranked.reset(logits, nullptr);
        for (std::size_t i = 0; i < top.size(); ++i) {
          ASSERT_EQ(top[i].id, sorted[i].id);
          ASSERT_EQ(ranked.ranked(i).id, sorted[i].id);
        }
        ASSERT_EQ(ranked.best().id, sorted[0].id);
      }
    }
  }
}

// Counts in the window, kept incrementally, against counting.
TEST(Replay, WindowCountsAreExactUnderPushAndPop) {
  Random random(14);
  for (const std::size_t window : {1UL, 3UL, 8UL, History::kEverything}) {
    History history;
    history.start(5, window, {}, true);
    for (int i = 0; i < 6; ++i) history.push_prompt(static_cast<std::int32_t>(random() % 5));
    for (int step = 0; step < 2000; ++step) {
      if (random() % 2 == 0 && history.n_generated() > 0) {
        history.pop();
      } else {
        history.push(static_cast<std::int32_t>(random() % 5), {});
      }
      const auto tokens = history.tokens();
      const auto seen = tokens.last(std::min(window, tokens.size()));
      std::set<std::int32_t> distinct(seen.begin(), seen.end());
      ASSERT_EQ(history.counts().size(), distinct.size());
      for (const auto& entry : history.counts()) {
        ASSERT_EQ(entry.count, std::ranges::count(seen, entry.token));
      }
    }
  }
}

// Logits of any size and temperatures next to nothing give a defined answer, never a crash.
TEST(Replay, ExtremesStayDefined) {
  constexpr float kMax = std::numeric_limits<float>::max();
  for (const float temp : {0.0F, 1e-45F, 1e-20F, 1.0F, 1e30F, kMax}) {
    for (const float scale : {1e-45F, 1.0F, 1e30F, kMax}) {
      SamplingParams params;
      params.seed = 1;
      params.temp = temp;
      params.repeat_penalty = 1.5F;
      params.frequency_penalty = kMax;
      params.logit_bias = {{0, kMax}, {1, -kMax}};
      Sampler sampler = *Sampler::create(params, 4);
      const std::vector<float> logits{scale, -scale, scale / 2, 0};
      for (int i = 0; i < 10; ++i) {
        const auto choice = sampler.sample(logits);
        ASSERT_TRUE(choice);
        ASSERT_GT(choice->probability, 0);
        sampler.accept(choice->id);
      }
    }
  }
}

}  // namespace
}  // namespace hearth::sample
