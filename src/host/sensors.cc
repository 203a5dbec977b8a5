// SPDX-License-Identifier: Apache-2.0
#include "host/sensors.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/running_mean.h"
#include "host/cgroup.h"
#include "host/cpu_list.h"

namespace hearth::host {
namespace {

constexpr unsigned kMostZones = 64;
// What a sensor that is switched off may tell is not below this.
constexpr std::uint64_t kMostMillidegrees = 200000;

}  // namespace

Sensors read_sensors(const std::string& root) {
  Sensors sensors;
  RunningMean mhz;
  if (const auto online = read_small(root + "/sys/devices/system/cpu/online"))
    for (const unsigned cpu : parse_cpu_list(*online))
      if (const auto khz = read_number(
              fmt::format("{}/sys/devices/system/cpu/cpu{}/cpufreq/scaling_cur_freq", root, cpu)))
        mhz.add(static_cast<double>(*khz) / 1000);
  if (mhz.n() > 0) sensors.mhz = mhz.mean();
  for (unsigned zone = 0; zone < kMostZones; ++zone) {
    const auto milli =
        read_number(fmt::format("{}/sys/class/thermal/thermal_zone{}/temp", root, zone));
    if (milli && *milli > 0 && *milli < kMostMillidegrees)
      sensors.celsius = std::max(sensors.celsius.value_or(0), static_cast<double>(*milli) / 1000);
  }
  return sensors;
}

}  // namespace hearth::host
