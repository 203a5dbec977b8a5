// SPDX-License-Identifier: Apache-2.0
//
// How much memory this process may still take without swapping or being killed: the smaller of what
// the machine has available and, for every control group above us, its limit less its use plus the
// file pages that it can drop. Those include the active ones: a model that ran in the same
// container a minute ago lies there, and must not be in its own way. Read again before each
// decision: it changes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hearth::host {

struct AvailableMemory {
  std::optional<std::uint64_t> bytes;  // nothing where /proc cannot be read
  std::string group;                   // the folder of the control group that sets it; or empty
};

// root is put in front of /proc and /sys.
AvailableMemory available_memory(const std::string& root = "");

// The machine's whole memory in bytes.
std::optional<std::uint64_t> total_memory(const std::string& root = "");

// Who gets huge pages of 2 MiB here: "always" everybody, "madvise" who asks, "never" nobody; empty
// where the kernel has none.
std::string huge_pages(const std::string& root = "");

}  // namespace hearth::host
