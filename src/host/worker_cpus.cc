// SPDX-License-Identifier: Apache-2.0
#include "host/worker_cpus.h"

#include <sched.h>

#include <algorithm>
#include <map>

#include "host/cgroup.h"
#include "host/cpu_topology.h"
#include "host/cpus_allowed.h"

namespace hearth::host {
namespace {

constexpr char kNodes[] = "/sys/devices/system/node/";

// The node on which this thread runs now; of a recorded tree the first.
CpuSet node_we_started_on(const std::vector<CpuSet>& nodes, const std::string& root) {
  const int cpu = root.empty() ? ::sched_getcpu() : -1;
  for (const CpuSet& node : nodes)
    if (cpu >= 0 && std::binary_search(node.begin(), node.end(), static_cast<unsigned>(cpu)))
      return node;
  return nodes.front();
}

// Strong cores first, and of each core one thread before any gets its second.
CpuSet best_first(const CpuSet& cpus, const std::string& root) {
  struct Rank {
    unsigned weak, sibling, cpu;
    auto operator<=>(const Rank&) const = default;
  };
  std::vector<Rank> ranks;
  std::map<unsigned, unsigned> n_of_core;
  for (const CpuPlace& place : cpu_topology(root, cpus))
    ranks.push_back({place.strong ? 0u : 1u, n_of_core[place.core]++, place.cpu});
  std::sort(ranks.begin(), ranks.end());
  CpuSet best;
  for (const Rank& rank : ranks) best.push_back(rank.cpu);
  return best;
}

}  // namespace

std::vector<CpuSet> numa_nodes(const std::string& root) {
  std::vector<CpuSet> nodes;
  const std::string folder = root + kNodes;
  for (const unsigned node : parse_cpu_list(read_small(folder + "online").value_or(""))) {
    const std::string path = folder + "node" + std::to_string(node) + "/cpulist";
    CpuSet cpus = parse_cpu_list(read_small(path).value_or(""));
    if (!cpus.empty()) nodes.push_back(std::move(cpus));
  }
  return nodes;
}

CpuSet usable_cpus(const PlaceRequest& request, const std::string& root) {
  CpuSet cpus = cpus_of_affinity(root);
  if (!request.cpus.empty()) cpus = common_cpus(cpus, request.cpus);
  if (request.numa == Numa::isolate) {
    const std::vector<CpuSet> nodes = numa_nodes(root);
    if (nodes.size() > 1) cpus = common_cpus(cpus, node_we_started_on(nodes, root));
  }
  return cpus;
}

std::vector<CpuSet> place_workers(unsigned n_workers, const PlaceRequest& request,
                                  const std::string& root) {
  const CpuSet cpus = usable_cpus(request, root);
  std::vector<CpuSet> nodes;
  if (request.numa == Numa::distribute || request.numa == Numa::isolate) nodes = numa_nodes(root);
  if (request.cpus.empty() && !request.strict && nodes.size() < 2) return {};
  std::vector<CpuSet> groups;
  if (request.numa == Numa::distribute)
    for (const CpuSet& node : nodes)
      if (CpuSet usable = common_cpus(cpus, node); !usable.empty())
        groups.push_back(std::move(usable));
  if (groups.empty()) groups.push_back(cpus);
  if (request.strict)
    for (CpuSet& group : groups) group = best_first(group, root);
  std::vector<CpuSet> places;
  for (unsigned i = 0; i < n_workers; ++i) {
    const CpuSet& group = groups[i % groups.size()];
    if (request.strict) {
      places.push_back({group[i / groups.size() % group.size()]});
    } else {
      places.push_back(group);
    }
  }
  return places;
}

}  // namespace hearth::host
