// SPDX-License-Identifier: Apache-2.0
//
// Figures as people read them.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace hearth::app {

// "93.8 MiB"
inline std::string human_bytes(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

// "134.5 M"
inline std::string human_count(std::uint64_t count) {
  constexpr const char* kUnits[] = {"", " k", " M", " G", " T"};
  double value = static_cast<double>(count);
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{}", count) : fmt::format("{:.1f}{}", value, kUnits[unit]);
}

}  // namespace hearth::app
