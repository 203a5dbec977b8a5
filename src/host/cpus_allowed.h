// SPDX-License-Identifier: Apache-2.0
//
// How many CPUs this process may really use: the smaller of the CPUs that its affinity mask, its
// cpuset and the machine leave it and the CPU quota of every control group above it, at least 1.
// Containers set quotas and no masks, which is why the mask is not enough.
//
// That is the most threads that make sense: more only wait for each other. The default is lower
// where CPUs share cores or cores differ: one thread for each physical core (a core's second
// thread shares the arithmetic units and the path to memory), of the performance cores alone (a
// step is as slow as its slowest thread). Both depend on the machine; -t says otherwise.
#pragma once

#include <string>

#include "host/cpu_list.h"

namespace hearth::host {

// root is put in front of /proc and /sys, so that a test can bring recorded trees.
unsigned cpus_allowed(const std::string& root = "");
unsigned default_threads(const std::string& root = "");

// How many threads compute where so many were asked for, 0 for the default: never more than are
// allowed. A step is as slow as its slowest thread, and one without a CPU has to wait for a turn;
// under a quota all wait for its next period.
unsigned threads_for(unsigned wanted, const std::string& root = "");

// The pieces. CPUs that are online and in the affinity mask and the cpuset.
CpuSet cpus_of_affinity(const std::string& root = "");
// The quota's floor (a quota of 1.5 CPUs runs one thread well), 0 where there is none.
unsigned cpus_of_quota(const std::string& root);

}  // namespace hearth::host
