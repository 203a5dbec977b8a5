// SPDX-License-Identifier: Apache-2.0
#include "host/cpus_allowed.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <numeric>
#include <optional>
#include <set>
#include <string_view>
#include <thread>

#include "host/cgroup.h"
#include "host/cpu_topology.h"

namespace hearth::host {
namespace {

// v2: "cpu.max" holds "quota period" or "max period". v1: two files, quota -1 for none.
std::optional<std::uint64_t> quota_of(const CgroupDirectory& directory) {
  std::uint64_t quota = 0, period = 0;
  if (directory.v2) {
    const std::optional<std::string> text = read_small(directory.path + "/cpu.max");
    if (!text) return std::nullopt;
    const char* end = text->data() + text->size();
    const auto first = std::from_chars(text->data(), end, quota);
    if (first.ec != std::errc{} || first.ptr == end) return std::nullopt;
    if (std::from_chars(first.ptr + 1, end, period).ec != std::errc{}) return std::nullopt;
  } else {
    const auto q = read_number(directory.path + "/cpu.cfs_quota_us");
    const auto p = read_number(directory.path + "/cpu.cfs_period_us");
    if (!q || !p) return std::nullopt;
    quota = *q;
    period = *p;
  }
  if (period == 0) return std::nullopt;
  return std::max<std::uint64_t>(1, quota / period);
}

// The mask of the running system, or the one a recorded tree tells of.
CpuSet affinity_mask(const std::string& root) {
  if (!root.empty()) {
    const std::string status = read_small(root + "/proc/self/status").value_or("");
    constexpr std::string_view kKey = "\nCpus_allowed_list:\t";
    const std::size_t at = status.find(kKey);
    if (at != std::string::npos) return parse_cpu_list(status.substr(at + kKey.size()));
  }
  // The mask may be larger than cpu_set_t on a big machine; the call says so with EINVAL.
  for (std::size_t cpus = 1024; cpus <= 1 << 20; cpus *= 2) {
    cpu_set_t* set = CPU_ALLOC(cpus);
    if (set == nullptr) break;
    const std::size_t size = CPU_ALLOC_SIZE(cpus);
    CPU_ZERO_S(size, set);
    CpuSet out;
    if (sched_getaffinity(0, size, set) == 0) {
      for (std::size_t cpu = 0; cpu < cpus; ++cpu)
        if (CPU_ISSET_S(cpu, size, set)) out.push_back(static_cast<unsigned>(cpu));
    }
    CPU_FREE(set);
    if (!out.empty()) return out;
  }
  return {};
}

}  // namespace

CpuSet cpus_of_affinity(const std::string& root) {
  CpuSet cpus = affinity_mask(root);
  const auto narrow = [&cpus](const CpuSet& limit) {
    CpuSet both = common_cpus(cpus, limit);
    if (!both.empty()) cpus = std::move(both);  // none left: the file is not what it seems
  };
  narrow(parse_cpu_list(read_small(root + "/sys/devices/system/cpu/online").value_or("")));
  for (const CgroupDirectory& directory : cgroup_directories(root, "cpuset")) {
    const char* name = directory.v2 ? "/cpuset.cpus.effective" : "/cpuset.effective_cpus";
    narrow(parse_cpu_list(read_small(directory.path + name).value_or("")));
  }
  if (cpus.empty()) {
    cpus.resize(std::max(1u, std::thread::hardware_concurrency()));
    std::iota(cpus.begin(), cpus.end(), 0u);
  }
  return cpus;
}

unsigned cpus_of_quota(const std::string& root) {
  std::uint64_t least = 0;
  for (const CgroupDirectory& directory : cgroup_directories(root, "cpu")) {
    if (const auto quota = quota_of(directory))
      least = least == 0 ? *quota : std::min(least, *quota);
  }
  return static_cast<unsigned>(std::min<std::uint64_t>(least, 1u << 20));
}

unsigned cpus_allowed(const std::string& root) {
  const unsigned quota = cpus_of_quota(root);
  const auto affinity = static_cast<unsigned>(cpus_of_affinity(root).size());
  return quota == 0 ? affinity : std::min(affinity, quota);
}

unsigned default_threads(const std::string& root) {
  std::set<unsigned> cores;
  for (const CpuPlace& place : cpu_topology(root, cpus_of_affinity(root)))
    if (place.strong) cores.insert(place.core);
  const auto n_cores = std::max(1u, static_cast<unsigned>(cores.size()));
  return std::min(n_cores, cpus_allowed(root));
}

unsigned threads_for(unsigned wanted, const std::string& root) {
  return wanted == 0 ? default_threads(root) : std::min(wanted, cpus_allowed(root));
}

}  // namespace hearth::host
