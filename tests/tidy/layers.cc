// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>
#include <set>

#include "rules.h"

namespace hearth::tidy {
namespace {

constexpr const char* kLayersFile = "src/layers.txt";

struct Include {
  const File* from;
  std::size_t line;
  std::string target;  // as written between the quotes or angles
  bool quoted;
};

std::vector<Include> includes_of(const Tree& tree) {
  std::vector<Include> includes;
  for (const File& file : tree.files) {
    if (!file.is_cpp()) continue;
    std::size_t number = 0;
    for (std::string_view line : lines_of(file.text)) {
      ++number;
      const std::size_t hash = line.find_first_not_of(" \t");
      if (hash == std::string_view::npos || line[hash] != '#') continue;
      line.remove_prefix(hash + 1);
      line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \t")));
      if (!line.starts_with("include")) continue;
      const std::size_t open = line.find_first_of("\"<");
      if (open == std::string_view::npos) continue;
      const std::size_t close = line.find_first_of("\">", open + 1);
      includes.push_back({.from = &file,
                          .line = number,
                          .target = std::string(line.substr(open + 1, close - open - 1)),
                          .quoted = line[open] == '"'});
    }
  }
  return includes;
}

// The repository's file behind an include: from src/, the top, or the folder of the includer.
const File* target_of(const Tree& tree, const Include& include) {
  if (const File* file = tree.find("src/" + include.target)) return file;
  if (const File* file = tree.find(include.target)) return file;
  const std::string& from = include.from->path;
  return tree.find(from.substr(0, from.rfind('/') + 1) + include.target);
}

struct Layers {
  std::map<std::string, std::set<std::string>, std::less<>> allowed;
  std::set<std::string> exceptions;  // "src/from/file.h -> to/file.h"
};

std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> words;
  while (true) {
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(' ')));
    if (text.empty()) return words;
    const std::size_t end = std::min(text.size(), text.find(' '));
    words.emplace(text.substr(0, end));
    text.remove_prefix(end);
  }
}

Layers layers_of(const Tree& tree) {
  Layers layers;
  const File* file = tree.find(kLayersFile);
  if (file == nullptr) return layers;
  for (const std::string_view line : lines_of(file->text)) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (line.starts_with("except ")) {
      layers.exceptions.emplace(line.substr(7, colon - 7));
    } else {
      layers.allowed[std::string(line.substr(0, colon))] = words_of(line.substr(colon + 1));
    }
  }
  return layers;
}

std::string where(const Include& include) {
  return fmt::format("{}:{}", include.from->path, include.line);
}

}  // namespace

Breaches check_layers(const Tree& tree) {
  const Layers layers = layers_of(tree);
  if (layers.allowed.empty()) return {fmt::format("{}: missing or empty", kLayersFile)};
  Breaches breaches;
  std::set<std::string> used_exceptions;
  for (const Include& include : includes_of(tree)) {
    const std::string_view from = include.from->layer();
    const File* target = target_of(tree, include);
    if (!include.quoted || from.empty() || target == nullptr || target->layer() == from) continue;
    const auto row = layers.allowed.find(from);
    if (row == layers.allowed.end()) {
      breaches.push_back(fmt::format("{}: {} is not in {}", where(include), from, kLayersFile));
    } else if (!row->second.contains(std::string(target->layer()))) {
      const std::string exception = include.from->path + " -> " + include.target;
      if (layers.exceptions.contains(exception)) {
        used_exceptions.insert(exception);
      } else {
        breaches.push_back(
            fmt::format("{}: {} may not include {}", where(include), from, target->layer()));
      }
    }
  }
  for (const std::string& exception : layers.exceptions)
    if (!used_exceptions.contains(exception))
      breaches.push_back(fmt::format("{}: no longer needed: {}", kLayersFile, exception));
  return breaches;
}

Breaches check_unused_arrows(const Tree& tree) {
  std::set<std::string> used;
  for (const Include& include : includes_of(tree)) {
    const File* target = target_of(tree, include);
    if (target != nullptr)
      used.insert(fmt::format("{} -> {}", include.from->layer(), target->layer()));
  }
  Breaches breaches;
  for (const auto& [from, row] : layers_of(tree).allowed)
    for (const std::string& to : row)
      if (!used.contains(fmt::format("{} -> {}", from, to)))
        breaches.push_back(fmt::format("{}: nothing in {} includes {}", kLayersFile, from, to));
  return breaches;
}

Breaches check_includes(const Tree& tree) {
  static const std::set<std::string> kBanned = {"iostream", "regex", "filesystem"};
  Breaches breaches;
  for (const Include& include : includes_of(tree)) {
    const File* target = target_of(tree, include);
    if (include.quoted && target == nullptr)
      breaches.push_back(fmt::format("{}: there is no {}", where(include), include.target));
    if (!include.quoted && kBanned.contains(include.target) &&
        include.from->path.starts_with("src/"))
      breaches.push_back(fmt::format("{}: <{}> is banned in src", where(include), include.target));
    if (target != nullptr && target->name().ends_with("_internal.h") &&
        target->layer() != include.from->layer())
      breaches.push_back(
          fmt::format("{}: {} is for {} alone", where(include), include.target, target->layer()));
  }
  return breaches;
}

Breaches check_dead_files(const Tree& tree) {
  std::set<const File*> included;
  for (const Include& include : includes_of(tree)) included.insert(target_of(tree, include));
  Breaches breaches;
  for (const File& file : tree.files) {
    if (file.is_cpp() && file.extension() != "cc" && !included.contains(&file))
      breaches.push_back(fmt::format("{}: nobody includes it", file.path));
    // Every .cc below a folder with a CMakeLists.txt is compiled: the lists are globs.
    if (!file.is_cpp() || file.extension() != "cc" || file.path.starts_with("tools/")) continue;
    const std::size_t first = file.path.find('/'), second = file.path.find('/', first + 1);
    const std::size_t end = second == std::string::npos ? first : second;
    if (!tree.has(file.path.substr(0, end) + "/CMakeLists.txt"))
      breaches.push_back(fmt::format("{}: no CMakeLists.txt compiles it", file.path));
  }
  return breaches;
}

}  // namespace hearth::tidy
