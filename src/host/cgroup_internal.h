// SPDX-License-Identifier: Apache-2.0
//
// The control groups that this process is in: one folder for each ancestor of each hierarchy that
// matters, nearest first. Version 2, version 1 and the hybrid of both.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hearth::host {

// Folders of the cgroup v2 hierarchy, and of one v1 controller ("cpu", "memory"), from the process's
// own group up to the root. root is prefixed to every path, so that tests can bring a tree of their own.
std::vector<std::string> cgroup_v2_folders(const std::string& root);
std::vector<std::string> cgroup_v1_folders(const std::string& root, const std::string& controller);

// A small file's text, or nothing.
std::optional<std::string> read_small_file(const std::string& path);
std::optional<std::uint64_t> read_number(const std::string& path);
// The number behind "key " in a file of "key number" or "key: number kB" lines.
std::optional<std::uint64_t> number_after(const std::string& text, const std::string& key);

}  // namespace hearth::host
