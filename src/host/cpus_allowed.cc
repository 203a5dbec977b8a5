// SPDX-License-Identifier: Apache-2.0
#include "host/cpus_allowed.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include "host/cgroup.h"

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

}  // namespace

unsigned cpus_of_affinity() {
  // The mask may be larger than cpu_set_t on a big machine; the call says so with EINVAL.
  for (std::size_t cpus = 1024; cpus <= 1 << 20; cpus *= 2) {
    cpu_set_t* set = CPU_ALLOC(cpus);
    if (set == nullptr) break;
    const std::size_t size = CPU_ALLOC_SIZE(cpus);
    CPU_ZERO_S(size, set);
    const bool ok = sched_getaffinity(0, size, set) == 0;
    const int count = ok ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (ok) return static_cast<unsigned>(std::max(1, count));
  }
  return std::max(1u, std::thread::hardware_concurrency());
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
  const unsigned affinity = cpus_of_affinity(), quota = cpus_of_quota(root);
  return quota == 0 ? affinity : std::min(affinity, quota);
}

}  // namespace hearth::host
