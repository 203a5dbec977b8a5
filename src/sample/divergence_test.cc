// SPDX-License-Identifier: Apache-2.0
#include "sample/divergence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "sample/softmax.h"

namespace hearth::sample {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<float> random_row(std::mt19937& random, std::size_t n, float spread) {
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> row(n);
  for (float& logit : row) logit = normal(random);
  return row;
}

// Softmax by its definition, in long double and with the C library's exponential.
std::vector<long double> softmax(const std::vector<float>& row) {
  const long double best = *std::ranges::max_element(row);
  std::vector<long double> p;
  long double total = 0;
  for (const float logit : row) total += p.emplace_back(std::exp(logit - best));
  for (long double& x : p) x /= total;
  return p;
}

TEST(Softmax, LogSumExpAgreesWithItsDefinition) {
  std::mt19937 random(1);
  for (const std::size_t n : {1UL, 2UL, 255UL, 256UL, 257UL, 5000UL}) {
    for (const float spread : {0.0F, 0.1F, 5.0F, 300.0F}) {
      const auto row = random_row(random, n, spread);
      const long double p = softmax(row)[n / 2];
      if (p > 0) {
        EXPECT_NEAR(row[n / 2] - log_sum_exp(row), static_cast<double>(std::log(p)), 1e-10);
      }
    }
  }
  EXPECT_EQ(log_sum_exp(std::vector<float>{-kInf, 3, -kInf}), 3);
  EXPECT_EQ(log_sum_exp(std::vector<float>{-kInf, -kInf}), -kInf);
}

TEST(Softmax, BadValuesAreFoundWhereverTheyAre) {
  std::vector<float> row(100, -kInf);
  EXPECT_FALSE(has_bad_value(row));
  EXPECT_FALSE(has_bad_value({}));
  for (const float bad : {kInf, std::nanf(""), -std::nanf("")}) {
    for (const std::size_t at : {0UL, 50UL, 99UL}) {
      row.assign(100, std::numeric_limits<float>::max());
      EXPECT_FALSE(has_bad_value(row));
      row[at] = bad;
      EXPECT_TRUE(has_bad_value(row));
    }
  }
}

// P = (1/4, 3/4), Q = (1/2, 1/2): KL = 3/4 ln 3 - ln 2, and the next token 0 gains a quarter.
TEST(Divergence, OfTwoCoins) {
  DivergenceStatistics statistics;
  statistics.add(std::vector<float>{0, std::log(3.0F)}, std::vector<float>{5, 5}, 0);
  const Divergence d = statistics.summary();
  EXPECT_EQ(d.n, 1u);
  EXPECT_NEAR(d.kl.value, 0.75 * std::log(3.0) - std::log(2.0), 1e-7);
  EXPECT_EQ(d.kl_max, d.kl.value);
  EXPECT_EQ(d.kl_median, d.kl.value);
  EXPECT_NEAR(d.rms_delta_p.value, 0.25, 1e-7);
  EXPECT_EQ(d.same_top.value, 0);  // the tie goes to token 0
}

TEST(Divergence, AgreesWithItsDefinitionOverManyRows) {
  std::mt19937 random(2);
  DivergenceStatistics statistics;
  std::vector<double> kls;
  long double squares = 0;
  std::size_t n_same = 0;
  constexpr std::size_t kRows = 301, kVocab = 700;
  for (std::size_t i = 0; i < kRows; ++i) {
    auto reference = random_row(random, kVocab, 3);
    auto other = reference;
    for (float& logit : other) logit += 0.3F * static_cast<float>(random() % 1000) / 1000;
    if (i % 5 == 0) {  // tokens that cannot come: by P alone, and by both
      reference[i] = -kInf;
      reference[i + 1] = other[i + 1] = -kInf;
    }
    const auto next = static_cast<std::int32_t>(random() % kVocab);
    const auto p = softmax(reference), q = softmax(other);
    long double kl = 0;
    for (std::size_t t = 0; t < kVocab; ++t)
      if (p[t] > 0) kl += p[t] * std::log(p[t] / q[t]);
    kls.push_back(static_cast<double>(kl));
    const auto at = static_cast<std::size_t>(next);
    squares += (q[at] - p[at]) * (q[at] - p[at]);
    n_same += std::ranges::max_element(p) - p.begin() == std::ranges::max_element(q) - q.begin();
    statistics.add(reference, other, next);
  }
  double mean = 0, variance = 0;
  for (const double kl : kls) mean += kl / kRows;
  for (const double kl : kls) variance += (kl - mean) * (kl - mean) / (kRows - 1);
  std::ranges::sort(kls);

  const Divergence d = statistics.summary();
  EXPECT_EQ(d.n, kRows);
  EXPECT_NEAR(d.kl.value, mean, 1e-10);
  EXPECT_NEAR(d.kl.standard_error, std::sqrt(variance / kRows), 1e-10);
  EXPECT_NEAR(d.kl_median, kls[150], 1e-10);
  EXPECT_NEAR(d.kl_p99, kls[297], 1e-10);  // 0.99 of 300 steps
  EXPECT_NEAR(d.kl_max, kls.back(), 1e-10);
  EXPECT_NEAR(d.same_top.value, static_cast<double>(n_same) / kRows, 1e-12);
  EXPECT_NEAR(d.rms_delta_p.value, static_cast<double>(std::sqrt(squares / kRows)), 1e-10);
  EXPECT_GT(d.rms_delta_p.standard_error, 0);
}

TEST(Divergence, OfARowFromItselfIsNothing) {
  std::mt19937 random(3);
  DivergenceStatistics statistics;
  for (int i = 0; i < 10; ++i) {
    const auto row = random_row(random, 1000, 4);
    statistics.add(row, row, DivergenceStatistics::kNoToken);
  }
  const Divergence d = statistics.summary();
  EXPECT_EQ(d.kl.value, 0);
  EXPECT_EQ(d.kl_max, 0);
  EXPECT_EQ(d.same_top.value, 1);
  EXPECT_EQ(d.rms_delta_p.value, 0);
}

TEST(Divergence, ATokenThatTheOtherForbidsIsInfinitelyFar) {
  DivergenceStatistics statistics;
  statistics.add(std::vector<float>{1, 1}, std::vector<float>{1, -kInf}, 1);
  EXPECT_EQ(statistics.summary().kl_max, kInf);
  EXPECT_EQ(DivergenceStatistics().summary().n, 0u);
}

}  // namespace
}  // namespace hearth::sample
