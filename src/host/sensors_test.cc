// SPDX-License-Identifier: Apache-2.0
#include "host/sensors.h"

#include "host/host_test_util.h"

namespace hearth::host {
namespace {

class SensorTree : public Tree {
 protected:
  void cpu(unsigned n, const std::string& khz) {
    put("/sys/devices/system/cpu/cpu" + std::to_string(n) + "/cpufreq/scaling_cur_freq", khz);
  }
  void zone(unsigned n, const std::string& milli) {
    put("/sys/class/thermal/thermal_zone" + std::to_string(n) + "/temp", milli);
  }
};

TEST_F(SensorTree, WhatIsNotToldIsUnknown) {
  const Sensors sensors = read_sensors(root_);
  EXPECT_EQ(sensors.mhz, std::nullopt);
  EXPECT_EQ(sensors.celsius, std::nullopt);
}

TEST_F(SensorTree, MeanClockAndWarmestZone) {
  put("/sys/devices/system/cpu/online", "0-2\n");
  cpu(0, "1000000\n");
  cpu(2, "2500000\n");
  cpu(3, "9000000\n");  // not online
  zone(0, "41000\n");
  zone(1, "67500\n");
  zone(3, "-274000\n");
  zone(4, "999999999\n");
  const Sensors sensors = read_sensors(root_);
  EXPECT_EQ(sensors.mhz, 1750);
  EXPECT_EQ(sensors.celsius, 67.5);
}

}  // namespace
}  // namespace hearth::host
