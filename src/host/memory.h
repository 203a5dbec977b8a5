// SPDX-License-Identifier: Apache-2.0
//
// How much memory this process can still use: what the kernel calls available, and no more than what any
// cgroup above it leaves (limit - use + reclaimable file cache).
#pragma once

#include <cstdint>
#include <string>

namespace hearth::host {

// Bytes. root is prefixed to /proc and /sys paths (tests). A very large number where nothing is known.
std::uint64_t available_memory_bytes(const std::string& root = "");

}  // namespace hearth::host
