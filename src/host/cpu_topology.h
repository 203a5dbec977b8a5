// SPDX-License-Identifier: Apache-2.0
//
// Which CPUs share a core, and which cores are the strong ones. Read from /sys directly instead of
// through hwloc: two files a CPU tell all that is asked here, a test can bring them as a small tree
// of text, and the program needs no further library in a static build.
//
// Strong, where cores differ: Intel's hybrid processors name their performance cores in
// /sys/devices/cpu_core/cpus; elsewhere cpu_capacity is what the scheduler goes by (1024 for the
// strongest, Documentation/arch/arm64/cpu-capacity), and a core with less than two thirds of the
// best one's capacity is a weak one: that parts A55 (about 530) from A76, and leaves the few
// per cent between the preferred cores of AMD alone.
#pragma once

#include <string>
#include <vector>

#include "host/cpu_list.h"

namespace hearth::host {

struct CpuPlace {
  unsigned cpu = 0;
  unsigned core = 0;   // the lowest CPU number of its core: equal for siblings
  bool strong = true;  // a performance core, or all are alike
};

// One entry for each of cpus, in their order. What /sys does not tell counts as a core of its own,
// as strong as any.
std::vector<CpuPlace> cpu_topology(const std::string& root, const CpuSet& cpus);

}  // namespace hearth::host
