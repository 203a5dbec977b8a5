// SPDX-License-Identifier: Apache-2.0
#include "host/cgroup.h"

#include <fcntl.h>

#include <charconv>
#include <sstream>

#include "base/file.h"

namespace hearth::host {
namespace {

constexpr std::size_t kSmall = 1 << 20;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) out.push_back(part);
  return out;
}

bool contains(const std::vector<std::string>& list, const std::string& wanted) {
  for (const std::string& item : list) {
    if (item == wanted) return true;
  }
  return false;
}

struct Mount {
  std::string point;
  std::string shown;  // which directory of the hierarchy is seen there
  bool v2 = false;
};

// mountinfo: id parent major:minor root mount-point options [tags] - type source super-options
std::optional<Mount> find_mount(const std::string& root, const std::string& controller) {
  std::optional<Mount> v2;
  for (const std::string& line :
       split(read_small(root + "/proc/self/mountinfo").value_or(""), '\n')) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    const std::vector<std::string> left = split(line.substr(0, dash), ' ');
    const std::vector<std::string> right = split(line.substr(dash + 3), ' ');
    if (left.size() < 6 || right.empty()) continue;
    if (right[0] == "cgroup2") {
      v2 = Mount{left[4], left[3], true};
    } else if (right[0] == "cgroup" && right.size() >= 3 &&
               contains(split(right[2], ','), controller)) {
      return Mount{left[4], left[3], false};  // v1 owns the controller even where v2 is mounted too
    }
  }
  return v2;
}

// /proc/self/cgroup: "0::/path" in v2, "3:cpu,cpuacct:/path" in v1.
std::string own_path(const std::string& root, const std::string& controller, bool v2) {
  for (const std::string& line : split(read_small(root + "/proc/self/cgroup").value_or(""), '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (v2 ? controllers.empty() : contains(split(controllers, ','), controller)) {
      return line.substr(second + 1);
    }
  }
  return "/";
}

}  // namespace

std::optional<std::string> read_small(const std::string& path) {
  // Not read_file: these files are not regular for stat (size 0) and a missing one is no error.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  Result<std::string> text = read_all(fd.get(), kSmall);
  if (!text) return std::nullopt;
  return *std::move(text);
}

std::optional<std::uint64_t> read_number(const std::string& path) {
  const std::optional<std::string> text = read_small(path);
  if (!text) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> number_after(const std::string& text, const std::string& key) {
  for (const std::string& line : split(text, '\n')) {
    if (line.compare(0, key.size(), key) != 0 || line.size() == key.size()) continue;
    const std::size_t digits = line.find_first_not_of(" \t:", key.size());
    if (digits == std::string::npos || digits == key.size()) continue;
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(line.data() + digits, line.data() + line.size(), value);
    if (error == std::errc{}) return value;
  }
  return std::nullopt;
}

std::vector<CgroupDirectory> cgroup_directories(const std::string& root,
                                                const std::string& controller) {
  const std::optional<Mount> mount = find_mount(root, controller);
  if (!mount) return {};
  std::string path = own_path(root, controller, mount->v2);
  // In a container without a namespace of its own the path counts from the host's root, of which
  // the mount shows a part only.
  if (mount->shown != "/" &&
      (path + "/").compare(0, mount->shown.size() + 1, mount->shown + "/") == 0) {
    path = path.substr(mount->shown.size());
  }
  std::vector<CgroupDirectory> out;
  while (!path.empty() && path != "/") {
    if (path.find("/..") == std::string::npos)
      out.push_back({root + mount->point + path, mount->v2});
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
  out.push_back({root + mount->point, mount->v2});
  return out;
}

}  // namespace hearth::host
