// SPDX-License-Identifier: Apache-2.0
//
// How fast the CPUs of this machine run and how warm it is, as far as the system tells (guests of a
// cloud are told neither). Read again at each call.
#pragma once

#include <optional>
#include <string>

namespace hearth::host {

struct Sensors {
  std::optional<double> mhz;      // mean of the online CPUs that tell (cpufreq)
  std::optional<double> celsius;  // of the warmest zone
};

// root is put in front of /sys.
Sensors read_sensors(const std::string& root = "");

}  // namespace hearth::host
