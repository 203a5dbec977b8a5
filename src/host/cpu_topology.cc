// SPDX-License-Identifier: Apache-2.0
#include "host/cpu_topology.h"

#include <algorithm>
#include <cstdint>

#include "host/cgroup.h"

namespace hearth::host {
namespace {

std::string cpu_folder(const std::string& root, unsigned cpu) {
  return root + "/sys/devices/system/cpu/cpu" + std::to_string(cpu);
}

unsigned core_of(const std::string& root, unsigned cpu) {
  // thread_siblings_list is the name of before Linux 5.3.
  for (const char* name : {"/topology/core_cpus_list", "/topology/thread_siblings_list"}) {
    const CpuSet siblings = parse_cpu_list(read_small(cpu_folder(root, cpu) + name).value_or(""));
    if (!siblings.empty()) return siblings.front();
  }
  return cpu;
}

}  // namespace

std::vector<CpuPlace> cpu_topology(const std::string& root, const CpuSet& cpus) {
  std::vector<CpuPlace> places;
  std::vector<std::uint64_t> capacities;
  for (const unsigned cpu : cpus) {
    places.push_back({.cpu = cpu, .core = core_of(root, cpu)});
    capacities.push_back(read_number(cpu_folder(root, cpu) + "/cpu_capacity").value_or(0));
  }
  const CpuSet intel_strong =
      parse_cpu_list(read_small(root + "/sys/devices/cpu_core/cpus").value_or(""));
  const bool any_intel_strong = !common_cpus(intel_strong, cpus).empty();
  const std::uint64_t best =
      capacities.empty() ? 0 : *std::max_element(capacities.begin(), capacities.end());
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (any_intel_strong) {
      places[i].strong =
          std::binary_search(intel_strong.begin(), intel_strong.end(), places[i].cpu);
    } else if (capacities[i] != 0) {
      places[i].strong = capacities[i] >= best - best / 3;
    }
  }
  return places;
}

}  // namespace hearth::host
