// SPDX-License-Identifier: Apache-2.0
#include "tree.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace hearth::tidy {
namespace {

namespace fs = std::filesystem;

std::string output_of(const std::string& command) {
  std::string output;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof(buffer), pipe))
    output.append(buffer, n);
  return ::pclose(pipe) == 0 ? output : "";
}

std::vector<std::string> paths_known_to_git(const std::string& root) {
  const std::string listing = output_of(
      "git -C '" + root + "' ls-files -z --cached --others --exclude-standard 2>/dev/null");
  std::vector<std::string> paths;
  for (std::size_t at = 0; at < listing.size();) {
    const std::size_t end = listing.find('\0', at);
    paths.push_back(listing.substr(at, end - at));
    at = end + 1;
  }
  return paths;
}

std::vector<std::string> all_paths(const std::string& root) {
  std::vector<std::string> paths;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::end(entry); ++entry) {
    const std::string path = fs::relative(entry->path(), root).string();
    if (path == "build" || path == ".git") {
      entry.disable_recursion_pending();
    } else if (!entry->is_directory() || entry->is_symlink()) {
      paths.push_back(path);
    }
  }
  return paths;
}

}  // namespace

std::string_view File::name() const {
  return std::string_view(path).substr(path.rfind('/') + 1);  // npos + 1 is 0
}

std::string_view File::extension() const {
  const std::size_t dot = name().rfind('.');
  return dot == std::string_view::npos ? "" : name().substr(dot + 1);
}

std::string_view File::layer() const {
  const std::string_view all = path;
  if (all.starts_with("apps/")) return "apps";
  if (!all.starts_with("src/")) return "";
  const std::size_t end = all.find('/', 4);
  return end == std::string_view::npos ? "" : all.substr(4, end - 4);
}

bool File::is_generated() const {
  return path.find("/generated/") != std::string::npos;
}

bool File::is_fixture() const {
  return path.starts_with("tests/fixtures/") || path.starts_with("fuzz/corpus/") ||
         path.find("/testdata/") != std::string::npos;
}

bool File::is_cpp() const {
  return !is_fixture() && (extension() == "cc" || extension() == "h" || extension() == "inc");
}

bool File::is_test() const {
  return name().ends_with("_test.cc") || path.starts_with("tests/");
}

const File* Tree::find(std::string_view path) const {
  for (const File& file : files)
    if (file.path == path) return &file;
  return nullptr;
}

bool Tree::has(std::string_view path) const {
  if (known_.empty()) {
    for (const File& file : files) {
      known_.insert(file.path);
      for (std::size_t end = file.path.find('/'); end != std::string::npos;
           end = file.path.find('/', end + 1))
        known_.insert(file.path.substr(0, end));
    }
  }
  while (path.ends_with('/')) path.remove_suffix(1);
  return known_.contains(path);
}

void Tree::add(std::string path, std::string text) {
  files.push_back({.path = std::move(path), .text = std::move(text)});
  known_.clear();
}

Tree read_tree(const std::string& root) {
  std::vector<std::string> paths = paths_known_to_git(root);
  if (paths.empty()) paths = all_paths(root);
  std::ranges::sort(paths);
  Tree tree;
  for (const std::string& path : paths) {
    const fs::path full = fs::path(root) / path;
    if (!fs::exists(fs::symlink_status(full))) continue;  // deleted and not yet committed
    std::ostringstream text;
    if (!fs::is_symlink(full)) text << std::ifstream(full, std::ios::binary).rdbuf();
    tree.files.push_back({.path = path, .text = text.str(), .is_link = fs::is_symlink(full)});
  }
  return tree;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace hearth::tidy
