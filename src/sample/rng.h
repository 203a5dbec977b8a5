// SPDX-License-Identifier: Apache-2.0
//
// Random numbers as a pure function of (seed, counter): Philox4x32-10 of Salmon, Moraes, Dror and
// Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC'11), checked against the known answers of
// its authors' Random123 library. There is no state to save: cloning a request copies a number, and
// rolling back a token puts the number back. Any thread; the same on every machine.
#pragma once

#include <array>
#include <cstdint>

namespace hearth::sample {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

constexpr PhiloxCounter philox4x32_10(PhiloxCounter counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;  // the golden ratio and sqrt(3) - 1: Weyl increments of the key
    key[1] += 0xBB67AE85;
  }
  return counter;
}

// The 53 high bits of 64 as a double in [0, 1).
constexpr double unit_interval(std::uint32_t high, std::uint32_t low) {
  return static_cast<double>((std::uint64_t{high} << 32 | low) >> 11) * 0x1p-53;
}

// The random numbers of one step of a request: step counts the tokens generated so far, so the same
// position draws the same numbers whether it is reached directly or after a roll back.
struct StepDraws {
  double pick;  // chooses the token
  double xtc;   // decides whether XTC acts
};

constexpr StepDraws draws_of(std::uint64_t seed, std::uint64_t step) {
  const PhiloxCounter out = philox4x32_10(
      {static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32), 0, 0},
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return {unit_interval(out[0], out[1]), unit_interval(out[2], out[3])};
}

}  // namespace hearth::sample
