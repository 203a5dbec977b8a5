// SPDX-License-Identifier: Apache-2.0
//
// Our exp against libm's in double precision, and every table's exp and soft cap against the scalar
// one.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "kernels/kernels.h"
#include "kernels/scalar/functions.h"
#include "kernels/test_bits.h"
#include "kernels/test_tables.h"

namespace hearth::kernels {
namespace {

// The error in units of the last place of the exact result (subnormal results included).
double ulp_error(float got, double exact) {
  int exponent;
  std::frexp(exact, &exponent);
  const double ulp = std::ldexp(1.0, std::max(exponent - 24, -149));
  return std::abs(static_cast<double>(got) - exact) / ulp;
}

TEST(Exp, IsWithinTwoUlpEverywhere) {
  double worst = 0;
  // A prime step through all bit patterns, both signs.
  for (uint64_t bits = 0; bits < 0x100000000u; bits += 2039) {
    const float x = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (std::isnan(x)) continue;
    const double exact = std::exp(static_cast<double>(x));
    const float got = scalar::exp(x);
    if (exact > static_cast<double>(std::numeric_limits<float>::max())) {
      ASSERT_GE(got, std::numeric_limits<float>::max()) << x;
      continue;
    }
    const double error = ulp_error(got, exact);
    worst = std::max(worst, error);
    ASSERT_LE(error, 2.0) << x;
  }
  RecordProperty("worst_ulp", std::to_string(worst));
  EXPECT_LE(worst, 1.1);
}

TEST(Exp, Limits) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(scalar::exp(0.0f), 1.0f);
  EXPECT_EQ(scalar::exp(-0.0f), 1.0f);
  EXPECT_EQ(scalar::exp(infinity), infinity);
  EXPECT_EQ(scalar::exp(-infinity), 0.0f);
  EXPECT_EQ(scalar::exp(89.0f), infinity);
  EXPECT_EQ(scalar::exp(-104.0f), 0.0f);
  EXPECT_TRUE(std::isnan(scalar::exp(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_GT(scalar::exp(-103.0f), 0.0f);  // subnormal
}

TEST(Exp, EveryTableGivesTheScalarBits) {
  for (const Kernels* table : tables_that_differ([](const Kernels& t) { return t.exp; })) {
    for (uint64_t bits = 0; bits < 0x100000000u; bits += 10007) {
      const float x = std::bit_cast<float>(static_cast<uint32_t>(bits));
      const float want = scalar::exp(x), got = table->exp(x);
      ASSERT_TRUE(same_bits(want, got)) << table->name << " " << x;
    }
  }
}

TEST(Tanh, IsAccurate) {
  for (uint64_t bits = 0; bits < 0x100000000u; bits += 2039) {
    const float x = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (std::isnan(x)) continue;
    const double exact = std::tanh(static_cast<double>(x));
    ASSERT_LE(ulp_error(scalar::tanh(x), exact), 2.0) << x;
  }
}

}  // namespace
}  // namespace hearth::kernels
