// SPDX-License-Identifier: Apache-2.0
//
// Random numbers that are the same everywhere for the same seed. The standard fixes what
// std::mt19937_64 gives, but not what its distributions make of it, so those are here.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>

namespace hearth::traffic {

class Random {
 public:
  explicit Random(std::uint64_t seed) : bits_(seed) {}

  // In [0, 1), of 53 bits.
  double uniform() { return static_cast<double>(bits_() >> 11) * 0x1p-53; }
  // In [0, n); n is small beside 2^53, so that the bias cannot be seen.
  std::uint64_t below(std::uint64_t n) {
    return static_cast<std::uint64_t>(uniform() * static_cast<double>(n));
  }
  // Mean 0, variance 1: Box and Muller (1958), one of the two numbers.
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }
  // Mean and variance shape, for shape > 0: Marsaglia and Tsang, "A simple method for generating
  // gamma variables" (ACM TOMS 26, 2000); below 1 by their note on U^(1/shape).
  double gamma(double shape) {
    if (shape < 1) return gamma(shape + 1) * std::pow(1 - uniform(), 1 / shape);
    const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    while (true) {
      const double x = normal();
      const double v = std::pow(1 + c * x, 3);
      if (v > 0 && std::log(1 - uniform()) < x * x / 2 + d - d * v + d * std::log(v)) return d * v;
    }
  }

 private:
  std::mt19937_64 bits_;
};

}  // namespace hearth::traffic
