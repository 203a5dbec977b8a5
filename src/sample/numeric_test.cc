// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "sample/numeric_internal.h"

namespace hearth::sample {
namespace {

// Distance in units in the last place of the reference, against the C library in long double.
double ulps(double got, long double want) {
  const double near = static_cast<double>(want);
  const double unit = std::nextafter(std::abs(near), kInfinity) - std::abs(near);
  return static_cast<double>(std::abs(static_cast<long double>(got) - want) / unit);
}

TEST(Numeric, ExpIsWithinTwoUlps) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> wide(-708, 709), near(-40, 1);
  double worst = 0;
  for (int i = 0; i < 200000; ++i) {
    const double x = i % 2 == 0 ? wide(random) : near(random);
    worst = std::max(worst, ulps(exact_exp(x), std::exp(static_cast<long double>(x))));
  }
  EXPECT_LT(worst, 2);
}

TEST(Numeric, AWeightIsTheExponential) {
  for (double x = 0; x > -720; x -= 0.37) ASSERT_EQ(weight_of(x), exact_exp(x));
  for (const double x : {-0.0, -708.0, -708.1, -1e38, -7e38, -1e300, -kInfinity}) {
    ASSERT_EQ(weight_of(x), exact_exp(x));
  }
}

TEST(Numeric, LogIsWithinTwoUlps) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> exponent(-1020, 1020), near(0.5, 2);
  double worst = 0;
  for (int i = 0; i < 200000; ++i) {
    const double x = i % 2 == 0 ? std::exp2(exponent(random)) : near(random);
    worst = std::max(worst, ulps(exact_log(x), std::log(static_cast<long double>(x))));
  }
  EXPECT_LT(worst, 2);
}

TEST(Numeric, Edges) {
  EXPECT_EQ(exact_exp(0), 1);
  EXPECT_EQ(exact_exp(-1e300), 0);
  EXPECT_EQ(exact_exp(-kInfinity), 0);
  EXPECT_EQ(exact_exp(kInfinity), kInfinity);
  EXPECT_TRUE(std::isfinite(exact_exp(709)));
  EXPECT_TRUE(std::isnan(exact_exp(std::nan(""))));
  EXPECT_EQ(exact_log(1), 0);
  EXPECT_EQ(exact_log(0), -kInfinity);
  EXPECT_EQ(exact_log(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(exact_log(-1)));
  EXPECT_NEAR(exact_log(5e-324), -744.4400719213812, 1e-12);
  EXPECT_NEAR(exact_pow(1.75, 10), std::pow(1.75, 10), 1e-10);
  EXPECT_EQ(exact_pow(0, 1), 0);
  EXPECT_EQ(exact_pow(0, 0), 1);
}

}  // namespace
}  // namespace hearth::sample
