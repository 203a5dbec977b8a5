// SPDX-License-Identifier: Apache-2.0
#include "sample/rng.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace hearth::sample {
namespace {

// The three known answers of philox4x32 with 10 rounds in Random123's kat_vectors.
TEST(Rng, MatchesTheAuthorsKnownAnswers) {
  EXPECT_EQ(philox4x32_10({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox4x32_10({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(
      philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
      (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, UnitIntervalIsHalfOpen) {
  EXPECT_EQ(unit_interval(0, 0), 0);
  EXPECT_EQ(unit_interval(0x80000000, 0), 0.5);
  EXPECT_LT(unit_interval(0xffffffff, 0xffffffff), 1);
}

// Chi-square of 256 equal bins over 2^18 steps: 255 degrees of freedom, standard deviation 22.6;
// the bound is 5 of them. Fixed seeds, so this cannot flake.
TEST(Rng, IsUniform) {
  for (const std::uint64_t seed : {0ULL, 1ULL, 42ULL, 0xFFFFFFFEULL}) {
    std::vector<double> pick(256), xtc(256), serial(256);
    constexpr int kSteps = 1 << 18;
    double before = 0;
    for (int step = 0; step < kSteps; ++step) {
      const StepDraws draws = draws_of(seed, static_cast<std::uint64_t>(step));
      ++pick[static_cast<std::size_t>(draws.pick * 256)];
      ++xtc[static_cast<std::size_t>(draws.xtc * 256)];
      // consecutive draws as a point in the unit square, 16 by 16
      ++serial[static_cast<std::size_t>(before * 16) * 16 +
               static_cast<std::size_t>(draws.pick * 16)];
      before = draws.pick;
    }
    const double expected = kSteps / 256.0;
    for (const auto* bins : {&pick, &xtc, &serial}) {
      double chi_square = 0;
      for (const double n : *bins) chi_square += (n - expected) * (n - expected) / expected;
      EXPECT_LT(std::abs(chi_square - 255), 5 * 22.6) << seed;
    }
  }
}

}  // namespace
}  // namespace hearth::sample
