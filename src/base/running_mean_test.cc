// SPDX-License-Identifier: Apache-2.0
#include "base/running_mean.h"

#include <gtest/gtest.h>

#include <vector>

namespace hearth {
namespace {

TEST(RunningMean, OfNothingAndOfOne) {
  RunningMean mean;
  EXPECT_EQ(mean.n(), 0u);
  EXPECT_EQ(mean.mean(), 0);
  EXPECT_EQ(mean.standard_error(), 0);
  mean.add(7);
  EXPECT_EQ(mean.mean(), 7);
  EXPECT_EQ(mean.standard_error(), 0);
  EXPECT_EQ(mean.standard_deviation(), 0);
}

// 2, 4, 4, 4, 5, 5, 7, 9: mean 5, sum of squared deviations 32, so the deviation is sqrt(32 / 7)
// and the error sqrt(32 / (8 * 7)).
TEST(RunningMean, AgreesWithTheTextbook) {
  RunningMean mean;
  for (const double x : {2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0}) mean.add(x);
  EXPECT_DOUBLE_EQ(mean.mean(), 5);
  EXPECT_NEAR(mean.standard_deviation(), std::sqrt(32.0 / 7.0), 1e-15);
  EXPECT_NEAR(mean.standard_error(), std::sqrt(32.0 / 56.0), 1e-15);
}

TEST(RunningMean, SurvivesAnOffsetThatSumsOfSquaresDoNot) {
  RunningMean plain, shifted;
  for (int i = 0; i < 1000; ++i) {
    plain.add(i % 10);
    shifted.add(i % 10 + 1e9);
  }
  EXPECT_NEAR(shifted.standard_error(), plain.standard_error(), 1e-8);
}

}  // namespace
}  // namespace hearth
