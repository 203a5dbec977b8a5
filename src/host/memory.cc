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

// What is left in one group; nothing if it has no limit.
std::optional<std::uint64_t> left_in(const CgroupDirectory& directory) {
  const char* limit_name = directory.v2 ? "/memory.max" : "/memory.limit_in_bytes";
  const char* use_name = directory.v2 ? "/memory.current" : "/memory.usage_in_bytes";
  // In v1 the total_ line includes the groups below, as the usage does.
  const char* file_name = directory.v2 ? "inactive_file" : "total_inactive_file";
  const auto limit = read_number(directory.path + limit_name);
  const auto use = read_number(directory.path + use_name);
  if (!limit || !use) return std::nullopt;
  const std::string stat = read_small(directory.path + "/memory.stat").value_or("");
  const std::uint64_t droppable = std::min(number_after(stat, file_name).value_or(0), *use);
  const std::uint64_t needed = *use - droppable;
  return *limit > needed ? *limit - needed : 0;
}

}  // namespace

std::optional<std::uint64_t> total_memory(const std::string& root) {
  return meminfo(root, "MemTotal");
}

std::optional<std::uint64_t> available_memory(const std::string& root) {
  std::optional<std::uint64_t> least = meminfo(root, "MemAvailable");
  for (const CgroupDirectory& directory : cgroup_directories(root, "memory")) {
    const auto left = left_in(directory);
    if (left) least = least ? std::min(*least, *left) : *left;
  }
  return least;
}

}  // namespace hearth::host
