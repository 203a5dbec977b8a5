// SPDX-License-Identifier: Apache-2.0
#include "model/rope.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "model/sincos.h"

namespace hearth::model {
namespace {

TEST(SinCos, AgreesWithLibm) {
  for (int i = -200000; i < 200000; ++i) {
    const double x = i * 3.7261 + 0.01 * (i % 7);
    const SinCos actual = sincos(x);
    ASSERT_NEAR(actual.sin, std::sin(x), 4e-16) << x;
    ASSERT_NEAR(actual.cos, std::cos(x), 4e-16) << x;
  }
  EXPECT_EQ(sincos(0.0).sin, 0.0);
  EXPECT_EQ(sincos(0.0).cos, 1.0);
  EXPECT_NEAR(sincos(std::numbers::pi / 2).cos, 0.0, 1e-16);
}

TEST(Rope, PlainAngles) {
  const RopeTable table({.n_rot = 64, .freq_base = 10000.0}, {});
  ASSERT_EQ(table.n_pairs(), 32u);
  std::vector<float> cos(32), sin(32);
  for (const int position : {0, 1, 17, 4095, 1000000}) {
    table.at(position, cos.data(), sin.data());
    for (std::size_t i = 0; i < 32; ++i) {
      const double angle = position * std::pow(10000.0, -static_cast<double>(i) / 32);
      EXPECT_FLOAT_EQ(cos[i], static_cast<float>(std::cos(angle)));
      EXPECT_FLOAT_EQ(sin[i], static_cast<float>(std::sin(angle)));
    }
  }
}

TEST(Rope, LinearScalingAndFactorsStretchPositions) {
  const RopeParams plain{.n_rot = 8, .freq_base = 500.0};
  RopeParams linear = plain;
  linear.scaling = RopeScaling::linear;
  linear.factor = 4.0;
  const std::vector<float> factors = {4.0f, 4.0f, 4.0f, 4.0f};
  std::vector<float> expected_cos(4), expected_sin(4), cos(4), sin(4);
  RopeTable(plain, {}).at(5, expected_cos.data(), expected_sin.data());
  RopeTable(linear, {}).at(20, cos.data(), sin.data());
  EXPECT_EQ(cos, expected_cos);
  RopeTable(plain, factors).at(20, cos.data(), sin.data());
  EXPECT_EQ(sin, expected_sin);
}

// YaRN: fast frequencies as they are, slow ones divided by the factor, all scaled by 0.1 ln(s) + 1.
TEST(Rope, YarnKeepsFastFrequenciesAndStretchesSlowOnes) {
  const RopeParams yarn{.n_rot = 64,
                        .freq_base = 10000.0,
                        .scaling = RopeScaling::yarn,
                        .factor = 8.0,
                        .original_context = 4096};
  std::vector<float> cos(32), sin(32);
  RopeTable(yarn, {}).at(3, cos.data(), sin.data());
  const double magnitude = 0.1 * std::log(8.0) + 1.0;
  EXPECT_NEAR(cos[0], magnitude * std::cos(3.0), 1e-6);
  EXPECT_NEAR(sin[0], magnitude * std::sin(3.0), 1e-6);
  const double slowest = std::pow(10000.0, -31.0 / 32) / 8.0;
  EXPECT_NEAR(sin[31], magnitude * std::sin(3.0 * slowest), 1e-9);
}

// The attention factor of a file holds for every scaling; YaRN adds its own only when it stretches.
TEST(Rope, TheAttentionFactorScalesCosinesAndSines) {
  for (const RopeScaling scaling : {RopeScaling::none, RopeScaling::linear, RopeScaling::yarn}) {
    const RopeParams params{.n_rot = 8,
                            .freq_base = 100.0,
                            .scaling = scaling,
                            .factor = 0.5,
                            .attention_factor = 3.0,
                            .original_context = 64};
    std::vector<float> cos(4), sin(4);
    RopeTable(params, {}).at(0, cos.data(), sin.data());
    for (const float c : cos) EXPECT_EQ(c, 3.0f);
  }
}

}  // namespace
}  // namespace hearth::model
