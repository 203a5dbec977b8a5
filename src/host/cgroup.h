// SPDX-License-Identifier: Apache-2.0
//
// The control groups that this process is in, for reading limits. Both versions: in v2 one tree
// serves every controller, in v1 each has its own mount. A limit of any ancestor binds, so callers
// look at all of them. A container often shows its own group as the root of the mount: directories
// that /proc/self/cgroup names but that do not exist are passed over, the mount's root is always
// tried.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hearth::host {

struct CgroupDirectory {
  std::string path;
  bool v2 = false;
};

// The process's directory for a controller ("cpu", "memory") and all its ancestors, innermost
// first. root is put in front of /proc and /sys.
std::vector<CgroupDirectory> cgroup_directories(const std::string& root,
                                                const std::string& controller);

// The whole of a small file, or nothing.
std::optional<std::string> read_small(const std::string& path);

// A file that holds one number; nothing for "max", for other text and where the file is missing.
std::optional<std::uint64_t> read_number(const std::string& path);

// The number after a key at the start of a line: "inactive_file 123", "MemAvailable:  123 kB".
std::optional<std::uint64_t> number_after(const std::string& text, const std::string& key);

}  // namespace hearth::host
