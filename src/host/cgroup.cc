// SPDX-License-Identifier: Apache-2.0
#include "host/cgroup_internal.h"

#include <charconv>
#include <sstream>

#include "base/file.h"

namespace hearth::host {
namespace {

// The paths that /proc/self/cgroup names: "0::/a/b" is v2, "4:cpu,cpuacct:/a" is v1.
std::optional<std::string> own_group(const std::string& root, const std::string& controller) {
  const auto text = read_small_file(root + "/proc/self/cgroup");
  if (!text) return std::nullopt;
  std::istringstream lines(*text);
  std::string line;
  while (std::getline(lines, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool is_v2 = names == ",,";
    if (controller.empty() ? is_v2 : names.find("," + controller + ",") != std::string::npos)
      return line.substr(second + 1);
  }
  return std::nullopt;
}

// base + "/a/b", base + "/a", base.
std::vector<std::string> with_ancestors(const std::string& base, std::string path) {
  std::vector<std::string> folders;
  while (path.size() > 1) {
    folders.push_back(base + path);
    path.resize(path.find_last_of('/'));
  }
  folders.push_back(base);
  return folders;
}

}  // namespace

std::vector<std::string> cgroup_v2_folders(const std::string& root) {
  const auto path = own_group(root, "");
  if (!path) return {};
  // The hybrid layout mounts v2 beside the v1 controllers.
  const bool hybrid = read_small_file(root + "/sys/fs/cgroup/unified/cgroup.controllers").has_value();
  return with_ancestors(root + (hybrid ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup"), *path);
}

std::vector<std::string> cgroup_v1_folders(const std::string& root, const std::string& controller) {
  const auto path = own_group(root, controller);
  if (!path) return {};
  return with_ancestors(root + "/sys/fs/cgroup/" + controller, *path);
}

std::optional<std::string> read_small_file(const std::string& path) {
  constexpr std::size_t kLimit = std::size_t{1} << 20;
  auto text = read_file(path, kLimit);
  if (!text) return std::nullopt;
  return std::move(*text);
}

std::optional<std::uint64_t> read_number(const std::string& path) {
  const auto text = read_small_file(path);
  if (!text) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> number_after(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    if (!line.starts_with(key)) continue;
    const std::size_t digit = line.find_first_of("0123456789", key.size());
    if (digit == std::string::npos) return std::nullopt;
    std::uint64_t number = 0;
    std::from_chars(line.data() + digit, line.data() + line.size(), number);
    return number;
  }
  return std::nullopt;
}

}  // namespace hearth::host
