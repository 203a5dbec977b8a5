// SPDX-License-Identifier: Apache-2.0
//
// What a process must find out before it confines itself (sandbox.h), because it comes out of files
// or takes calls that are refused afterwards.
#pragma once

#include "host/memory.h"

namespace hearth::worker {

struct HostFacts {
  host::AvailableMemory available_memory;  // for engine::LoadOptions
  unsigned n_cpus = 1;                     // that this process may use, for model::CpuCrews
};

// Reads them now. Also brings in what is read once and kept: the instruction sets with their
// permission for tiles (AMX), and the time zone.
HostFacts read_host_facts();

}  // namespace hearth::worker
