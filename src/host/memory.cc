// SPDX-License-Identifier: Apache-2.0
#include "host/memory.h"

#include <algorithm>

#include "host/cgroup.h"

namespace hearth::host {
namespace {

std::optional<std::uint64_t> meminfo(const std::string& root, const std::string& key) {
  const auto kib = number_after(read_small(root + "/proc/meminfo").value_or(""), key);
  if (!kib || *kib > UINT64_MAX / 1024) return std::nullopt;
  return *kib * 1024;
}

// What is left in one group; nothing if it has no limit. Above memory.high nothing is killed, but
// everything is slowed down until it is below again, so it counts as a limit.
std::optional<std::uint64_t> left_in(const CgroupDirectory& directory) {
  std::optional<std::uint64_t> limit;
  for (const char* name : {"/memory.max", "/memory.high", "/memory.limit_in_bytes"}) {
    if (const auto found = read_number(directory.path + name))
      limit = limit ? std::min(*limit, *found) : *found;
  }
  // In v1 the total_ lines include the groups below, as the usage does.
  const std::string prefix = directory.v2 ? "" : "total_";
  const std::string stat = read_small(directory.path + "/memory.stat").value_or("");
  // Of v1: the least limit of this group and those above, which a container does not see.
  if (const auto found = number_after(stat, "hierarchical_memory_limit"))
    limit = limit ? std::min(*limit, *found) : *found;
  const char* use_name = directory.v2 ? "/memory.current" : "/memory.usage_in_bytes";
  const auto use = read_number(directory.path + use_name);
  if (!limit || !use) return std::nullopt;
  std::uint64_t droppable = 0;
  for (const char* name : {"inactive_file", "active_file"})
    droppable += number_after(stat, prefix + name).value_or(0);
  const std::uint64_t needed = *use - std::min(droppable, *use);
  return *limit > needed ? *limit - needed : 0;
}

}  // namespace

std::optional<std::uint64_t> total_memory(const std::string& root) {
  return meminfo(root, "MemTotal");
}

AvailableMemory available_memory(const std::string& root) {
  AvailableMemory least{.bytes = meminfo(root, "MemAvailable"), .group = ""};
  for (const CgroupDirectory& directory : cgroup_directories(root, "memory")) {
    const auto left = left_in(directory);
    if (left && (!least.bytes || *left < *least.bytes)) least = {*left, directory.path};
  }
  return least;
}

std::string huge_pages(const std::string& root) {
  const std::string text =
      read_small(root + "/sys/kernel/mm/transparent_hugepage/enabled").value_or("");
  const std::size_t begin = text.find('['), end = text.find(']');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return "";
  return text.substr(begin + 1, end - begin - 1);
}

}  // namespace hearth::host
