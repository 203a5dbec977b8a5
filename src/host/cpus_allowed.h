// SPDX-License-Identifier: Apache-2.0
//
// How many threads may compute at once without standing in each other's way: the CPUs that this process
// is allowed to run on, and no more than the CPU quota of any cgroup above it pays for. Threads beyond
// a quota do not compute, they are stopped together with all others.
#pragma once

#include <string>

namespace hearth::host {

// At least 1. root is prefixed to /proc and /sys paths (tests).
unsigned cpus_allowed(const std::string& root = "");

// The quota alone, rounded down and at least 1; 0 where there is none.
unsigned cpu_quota(const std::string& root = "");

}  // namespace hearth::host
