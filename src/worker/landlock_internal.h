// SPDX-License-Identifier: Apache-2.0
//
// Landlock, the kernel's own confinement for whoever asks (Linux 5.13 and later): no file below any
// folder, no TCP, no signals or abstract sockets to the outside. By the system calls themselves,
// since the headers that this is built with may be older than the kernel that it runs on. Facts:
// docs.kernel.org/userspace-api/landlock.html.
#pragma once

#include <string>

namespace hearth::worker {

struct LandlockWall {
  unsigned abi = 0;     // whose rules were set; 0: no wall
  std::string missing;  // what this kernel lacks, as a sentence; empty: nothing
};

// The version that the kernel knows; 0 where it has none or it is switched off.
unsigned landlock_abi();

// Confines the calling thread and all that it will start, as far as this kernel can.
LandlockWall raise_landlock();

}  // namespace hearth::worker
