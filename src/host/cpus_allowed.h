// SPDX-License-Identifier: Apache-2.0
//
// How many CPUs this process may really use: the smaller of its affinity mask and the CPU quota of
// every control group above it, at least 1. More threads than that only wait for each other, so
// this is the default of --threads. Containers set quotas and no masks, which is why the mask is
// not enough.
#pragma once

#include <string>

namespace hearth::host {

// root is put in front of /proc and /sys, so that a test can bring recorded trees.
unsigned cpus_allowed(const std::string& root = "");

// The pieces. The quota's floor (a quota of 1.5 CPUs runs one thread well), 0 where there is none.
unsigned cpus_of_affinity();
unsigned cpus_of_quota(const std::string& root);

}  // namespace hearth::host
