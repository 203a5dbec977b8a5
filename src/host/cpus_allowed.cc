// SPDX-License-Identifier: Apache-2.0
#include "host/cpus_allowed.h"

#include <sched.h>

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <vector>

#include "host/cgroup_internal.h"

namespace hearth::host {
namespace {

unsigned affinity_count() {
  // The mask grows until the kernel's own fits, for machines with more than 1024 CPUs.
  for (int n_cpus = 1024; n_cpus <= 1 << 18; n_cpus *= 2) {
    cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(n_cpus));
    const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(n_cpus));
    const bool known = ::sched_getaffinity(0, bytes, set) == 0;
    const int count = known ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (known) return static_cast<unsigned>(std::max(1, count));
  }
  return 1;
}

void lower_to(unsigned& quota, std::int64_t used, std::int64_t period) {
  if (used <= 0 || period <= 0) return;
  const auto cpus = static_cast<unsigned>(std::max<std::int64_t>(1, used / period));
  quota = quota == 0 ? cpus : std::min(quota, cpus);
}

}  // namespace

unsigned cpu_quota(const std::string& root) {
  unsigned quota = 0;
  for (const std::string& folder : cgroup_v2_folders(root)) {
    const auto text = read_small_file(folder + "/cpu.max");  // "200000 100000" or "max 100000"
    if (!text) continue;
    std::istringstream words(*text);
    std::int64_t used = 0, period = 0;
    if (words >> used >> period) lower_to(quota, used, period);
  }
  for (const char* controller : {"cpu", "cpu,cpuacct"}) {
    for (const std::string& folder : cgroup_v1_folders(root, controller)) {
      const auto used = read_number(folder + "/cpu.cfs_quota_us");  // -1 (not a number here): none
      const auto period = read_number(folder + "/cpu.cfs_period_us");
      if (used && period) lower_to(quota, static_cast<std::int64_t>(*used), static_cast<std::int64_t>(*period));
    }
  }
  return quota;
}

unsigned cpus_allowed(const std::string& root) {
  const unsigned cpus = affinity_count();
  const unsigned quota = cpu_quota(root);
  return quota == 0 ? cpus : std::min(cpus, quota);
}

}  // namespace hearth::host
