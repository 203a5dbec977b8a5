// SPDX-License-Identifier: Apache-2.0
#include "host/memory.h"

#include <algorithm>
#include <limits>

#include "host/cgroup_internal.h"

namespace hearth::host {
namespace {

void lower_to(std::uint64_t& available, std::uint64_t limit, std::uint64_t used, std::uint64_t reclaimable) {
  const std::uint64_t firmly_used = used - std::min(used, reclaimable);
  available = std::min(available, limit - std::min(limit, firmly_used));
}

}  // namespace

std::uint64_t available_memory_bytes(const std::string& root) {
  std::uint64_t available = std::numeric_limits<std::uint64_t>::max() / 2;
  if (const auto meminfo = read_small_file(root + "/proc/meminfo"))
    if (const auto kib = number_after(*meminfo, "MemAvailable:")) available = *kib * 1024;

  for (const std::string& folder : cgroup_v2_folders(root)) {
    const auto used = read_number(folder + "/memory.current");
    if (!used) continue;
    const auto stat = read_small_file(folder + "/memory.stat");
    const std::uint64_t cache = stat ? number_after(*stat, "inactive_file ").value_or(0) : 0;
    for (const char* limit : {"/memory.max", "/memory.high"})  // "max" is not a number: no limit
      if (const auto bytes = read_number(folder + limit)) lower_to(available, *bytes, *used, cache);
  }
  for (const std::string& folder : cgroup_v1_folders(root, "memory")) {
    const auto used = read_number(folder + "/memory.usage_in_bytes");
    const auto limit = read_number(folder + "/memory.limit_in_bytes");
    if (!used || !limit) continue;
    const auto stat = read_small_file(folder + "/memory.stat");
    const std::uint64_t cache = stat ? number_after(*stat, "total_inactive_file ").value_or(0) : 0;
    lower_to(available, *limit, *used, cache);
  }
  return available;
}

}  // namespace hearth::host
