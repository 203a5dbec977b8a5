// SPDX-License-Identifier: Apache-2.0
//
// Which CPUs each compute thread stays on, where that was asked for: a set of CPUs, one CPU for
// each thread, or threads spread over the nodes of a machine with several memories (NUMA). Nodes
// come from /sys/devices/system/node.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/cpu_list.h"

namespace hearth::host {

enum class Numa {
  none,
  distribute,  // threads go round the nodes, each stays on its own
  isolate,     // all stay on the node on which the process started
  numactl,     // all stay where the inherited mask lets them, which is always so
};

struct PlaceRequest {
  CpuSet cpus;          // these alone; empty: all that the process may use
  bool strict = false;  // a CPU of its own for each thread
  Numa numa = Numa::none;
};

// The CPUs of each node that has any, in the order of their numbers; empty where /sys tells none.
std::vector<CpuSet> numa_nodes(const std::string& root = "");

// Those of the request that this process may use. Empty if it may use none of them.
CpuSet usable_cpus(const PlaceRequest& request, const std::string& root = "");

// One set for each of n_workers, or none at all if nothing was asked for. With strict: strong cores
// first, second threads of a core last; more threads than CPUs go round again. usable_cpus is not
// empty.
std::vector<CpuSet> place_workers(unsigned n_workers, const PlaceRequest& request,
                                  const std::string& root = "");

}  // namespace hearth::host
