// SPDX-License-Identifier: Apache-2.0
#include "model/sincos.h"

#include <cmath>
#include <cstdint>

namespace hearth::model {
namespace {

// pi/2 in three parts of 33, 33 and 53 bits (Cody and Waite): n * kPart1 and n * kPart2 are exact
// for |n| < 2^20, which is far beyond any position times any frequency.
constexpr double kPart1 = 0x1.921fb544p+0;
constexpr double kPart2 = 0x1.0b4611a6p-34;
constexpr double kPart3 = 0x1.3198a2e037073p-69;
constexpr double kTwoOverPi = 0x1.45f306dc9c883p-1;

// Taylor series on |r| <= pi/4, where the first omitted term is below half an ulp of the sum.
double sin_reduced(double r) {
  const double z = r * r;
  double p = -1.0 / 1307674368000.0;
  p = p * z + 1.0 / 6227020800.0;
  p = p * z - 1.0 / 39916800.0;
  p = p * z + 1.0 / 362880.0;
  p = p * z - 1.0 / 5040.0;
  p = p * z + 1.0 / 120.0;
  p = p * z - 1.0 / 6.0;
  return r + r * (z * p);
}

double cos_reduced(double r) {
  const double z = r * r;
  double p = 1.0 / 20922789888000.0;
  p = p * z - 1.0 / 87178291200.0;
  p = p * z + 1.0 / 479001600.0;
  p = p * z - 1.0 / 3628800.0;
  p = p * z + 1.0 / 40320.0;
  p = p * z - 1.0 / 720.0;
  p = p * z + 1.0 / 24.0;
  p = p * z - 0.5;
  return 1.0 + z * p;
}

}  // namespace

SinCos sincos(double x) {
  const double n = std::nearbyint(x * kTwoOverPi);
  const double r = ((x - n * kPart1) - n * kPart2) - n * kPart3;
  const double s = sin_reduced(r);
  const double c = cos_reduced(r);
  switch (static_cast<std::int64_t>(n) & 3) {
    case 0:
      return {s, c};
    case 1:
      return {c, -s};
    case 2:
      return {-s, -c};
    default:
      return {-c, s};
  }
}

}  // namespace hearth::model
