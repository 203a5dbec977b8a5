// SPDX-License-Identifier: Apache-2.0
//
// exp, log and pow in double, the same bits on every CPU, compiler and C library: built from IEEE
// add, multiply and divide alone (the build forbids contraction). Errors stay below 2 units in the
// last place for exp and log, which is far finer than the float logits they are fed; a token can
// only depend on the last bit where two probabilities tie to 15 digits, and then it still depends
// on nothing but the inputs. Pure functions; any thread.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace hearth::sample {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kLn2 = 0x1.62e42fefa39efp-1;

// e^x for x in [-708, 709], without a branch, so that loops over it become vector code.
constexpr double exp_within_range(double x) {
  // x = k ln2 + r with |r| <= ln2 / 2. Adding 1.5 * 2^52 rounds to an integer and leaves it in the
  // low bits. ln2 is split so that k * kLn2High is exact.
  constexpr double kRound = 0x1.8p52;
  constexpr double kLn2High = 0x1.62e42feep-1;
  constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
  const double shifted = x * 0x1.71547652b82fep0 + kRound;
  const double k = shifted - kRound;
  const double r = (x - k * kLn2High) - k * kLn2Low;
  // (e^r - 1 - r) / r^2 by its Taylor series to r^11 / 13!, in pairs so that no long chain of
  // dependent operations forms. The remainder is below 5e-18 here.
  const double r2 = r * r, r4 = r2 * r2;
  const double low = (1.0 / 2 + r * (1.0 / 6)) + r2 * (1.0 / 24 + r * (1.0 / 120));
  const double mid = (1.0 / 720 + r * (1.0 / 5040)) + r2 * (1.0 / 40320 + r * (1.0 / 362880));
  const double high =
      (1.0 / 3628800 + r * (1.0 / 39916800)) + r2 * (1.0 / 479001600 + r * (1.0 / 6227020800));
  const double sum = low + r4 * (mid + r4 * high);
  const double two_to_k =
      std::bit_cast<double>((std::bit_cast<std::uint64_t>(shifted) + 1023) << 52);
  return (1.0 + (r + r2 * sum)) * two_to_k;
}

// e^x; 0 below -708 (where doubles turn subnormal), +infinity above 709, NaN for NaN.
constexpr double exact_exp(double x) {
  if (!(x >= -708)) return x < -708 ? 0.0 : x;
  return x > 709 ? kInfinity : exp_within_range(x);
}

// exact_exp for x <= 0 in a form that compilers leave without a branch: a weight exp(logit - best).
// Below -708 the series yields nonsense, which the bit mask makes 0.
constexpr double weight_of(double x) {
  const std::uint64_t keep = -static_cast<std::uint64_t>(x >= -708);
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(exp_within_range(x)) & keep);
}

// The natural logarithm; -infinity for 0, NaN below 0, for normal x.
constexpr double exact_log(double x) {
  if (!(x > 0)) return x == 0 ? -kInfinity : std::numeric_limits<double>::quiet_NaN();
  if (x == kInfinity) return x;
  // x = 2^k m with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m - 1) / (m + 1).
  std::int64_t k = 0;
  if (x < 0x1p-1022) {
    x *= 0x1p54;
    k = -54;
  }
  const auto bits = std::bit_cast<std::int64_t>(x);
  k += (bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000);
  if (m > 0x1.6a09e667f3bcdp0) {
    m *= 0.5;
    ++k;
  }
  const double s = (m - 1) / (m + 1);
  const double z = s * s;
  double sum = 1.0 / 23;
  for (int odd = 21; odd >= 3; odd -= 2) sum = sum * z + 1.0 / odd;
  const double n = static_cast<double>(k);
  return n * 0x1.62e42feep-1 + (2 * (s + s * z * sum) + n * 0x1.a39ef35793c76p-33);
}

// base^exponent for base >= 0; 1 for exponent 0.
constexpr double exact_pow(double base, double exponent) {
  if (exponent == 0 || base == 1) return 1;
  return exact_exp(exponent * exact_log(base));
}

}  // namespace hearth::sample
