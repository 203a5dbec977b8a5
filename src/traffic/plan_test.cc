// SPDX-License-Identifier: Apache-2.0
#include "traffic/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/running_mean.h"
#include "traffic/random.h"

namespace hearth::traffic {
namespace {

using testing::DoubleNear;

// Known answers: the 10000th number of a default-seeded std::mt19937_64 is in the standard
// ([rand.predef]); the distributions over it are ours.
TEST(Random, IsTheStandardsGenerator) {
  std::mt19937_64 reference(5489);
  reference.discard(9999);
  EXPECT_EQ(reference(), 9981545732273789042u);
  Random ours(5489);
  for (int i = 0; i < 9999; ++i) ours.uniform();
  EXPECT_EQ(ours.uniform(), static_cast<double>(9981545732273789042u >> 11) * 0x1p-53);
}

// The standard error of a mean is sqrt(variance / n), that of a variance about
// variance sqrt((kurtosis - 1) / n); five of them are a wide gate, and the seed is fixed.
TEST(Random, GammaHasItsMeanAndVariance) {
  constexpr int kDraws = 200'000;
  for (const double shape : {0.25, 1.0, 2.5, 40.0}) {
    Random random(7);
    RunningMean mean, square;
    for (int i = 0; i < kDraws; ++i) {
      const double drawn = random.gamma(shape);
      ASSERT_GE(drawn, 0);
      mean.add(drawn);
      square.add((drawn - shape) * (drawn - shape));
    }
    const double kurtosis = 3 + 6 / shape;
    EXPECT_THAT(mean.mean(), DoubleNear(shape, 5 * std::sqrt(shape / kDraws))) << shape;
    EXPECT_THAT(square.mean(), DoubleNear(shape, 5 * shape * std::sqrt((kurtosis - 1) / kDraws)))
        << shape;
  }
}

TEST(Plan, PoissonGapsAreExponential) {
  Workload workload{.n_requests = 50'000, .rate = 4, .seed = 3};
  const auto plan = make_plan(workload);
  ASSERT_EQ(plan.size(), 50'000u);
  EXPECT_EQ(plan.front().at, 0);
  std::vector<double> gaps;
  for (std::size_t i = 1; i < plan.size(); ++i) gaps.push_back(plan[i].at - plan[i - 1].at);
  std::ranges::sort(gaps);
  // Kolmogorov and Smirnov's distance to 1 - exp(-4 t); at a level of 0.001 it is 1.95 / sqrt(n).
  double distance = 0;
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    const double expected = 1 - std::exp(-4 * gaps[i]);
    const auto n = static_cast<double>(gaps.size());
    distance = std::max({distance, std::abs(expected - static_cast<double>(i) / n),
                         std::abs(expected - static_cast<double>(i + 1) / n)});
  }
  EXPECT_LT(distance, 1.95 / std::sqrt(static_cast<double>(gaps.size())));
}

TEST(Plan, BurstinessKeepsTheRateAndChangesTheSpread) {
  for (const double burstiness : {0.2, 1.0, 5.0}) {
    const auto plan =
        make_plan({.n_requests = 40'000, .rate = 10, .burstiness = burstiness, .seed = 11});
    RunningMean gaps;
    for (std::size_t i = 1; i < plan.size(); ++i) gaps.add(plan[i].at - plan[i - 1].at);
    EXPECT_THAT(gaps.mean(), DoubleNear(0.1, 0.1 * 5 / std::sqrt(40'000 * burstiness)));
    // Of a gamma distribution: deviation / mean = 1 / sqrt(shape).
    EXPECT_THAT(gaps.standard_deviation() / gaps.mean() * std::sqrt(burstiness),
                DoubleNear(1, 0.05));
  }
}

TEST(Plan, ASeedIsAPlan) {
  const Workload workload{.classes = {{.weight = 2}, {.weight = 1, .n_input = 9}},
                          .n_requests = 100,
                          .range_ratio = 0.5,
                          .rate = 3,
                          .seed = 5};
  const auto same = [](const std::vector<PlannedRequest>& a, const std::vector<PlannedRequest>& b) {
    return std::ranges::equal(a, b, [](const PlannedRequest& x, const PlannedRequest& y) {
      return x.class_index == y.class_index && x.n_input == y.n_input && x.n_output == y.n_output &&
             x.at == y.at;
    });
  };
  EXPECT_TRUE(same(make_plan(workload), make_plan(workload)));
  Workload other = workload;
  other.seed = 6;
  EXPECT_FALSE(same(make_plan(workload), make_plan(other)));
}

TEST(Plan, LengthsVaryEvenly) {
  const auto plan = make_plan({.classes = {{.n_input = 100, .n_output = 10}},
                               .n_requests = 20'000,
                               .range_ratio = 0.3,
                               .seed = 1});
  std::map<std::uint32_t, int> inputs, outputs;
  for (const PlannedRequest& planned : plan) {
    ++inputs[planned.n_input];
    ++outputs[planned.n_output];
    EXPECT_EQ(planned.at, 0) << "all at once";
  }
  EXPECT_EQ(inputs.begin()->first, 70u);
  EXPECT_EQ(inputs.rbegin()->first, 130u);
  EXPECT_EQ(outputs.begin()->first, 7u);
  EXPECT_EQ(outputs.rbegin()->first, 13u);
  // Seven lengths of 20000 / 7 each; five deviations of a binomial distribution.
  for (const auto& [length, n] : outputs) EXPECT_NEAR(n, 20'000.0 / 7, 5 * 50) << length;
  for (const PlannedRequest& planned : make_plan(
           {.classes = {{.n_input = 1, .n_output = 1}}, .n_requests = 50, .range_ratio = 0.9}))
    EXPECT_GE(std::min(planned.n_input, planned.n_output), 1u);
}

TEST(Plan, AMixHasItsShares) {
  const auto counts_of = [](std::uint32_t n_requests) {
    std::map<std::size_t, std::uint32_t> counts;
    for (const PlannedRequest& planned :
         make_plan({.classes = {{.weight = 8}, {.weight = 1, .n_input = 4000}},
                    .n_requests = n_requests,
                    .seed = 2})) {
      ++counts[planned.class_index];
      EXPECT_EQ(planned.n_input, planned.class_index == 0 ? 512u : 4000u);
    }
    return counts;
  };
  EXPECT_EQ(counts_of(90)[0], 80u);
  EXPECT_EQ(counts_of(90)[1], 10u);
  EXPECT_EQ(counts_of(10)[0], 9u);
  EXPECT_EQ(counts_of(10)[1], 1u);
  EXPECT_EQ(counts_of(1)[0], 1u);
  EXPECT_EQ(counts_of(0).size(), 0u);
}

}  // namespace
}  // namespace hearth::traffic
