// SPDX-License-Identifier: Apache-2.0
#include "store/file_sets.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "store/shards.h"

namespace hearth::store {
namespace {

constexpr std::string_view kDefaultQuant = "q4_k_m";
constexpr std::string_view kEnd = ".gguf";

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

bool is_model_file(std::string_view path) {
  const std::string name = lower(file_name(path));
  return name.ends_with(kEnd) && name.find("mmproj") == std::string::npos &&
         name.find("imatrix") == std::string::npos;
}

bool is_separator(char c) {
  return c == '-' || c == '.' || c == '_' || c == '/';
}

// Whether the quantisation stands in the name as a word of its own: "q4_k" is not in "m-q4_k_m",
// and "q4_k_m" is not in "m-iq4_k_m". A name that ends in it is meant, "ud-q4_k_m" is asked for as
// such.
bool names_quant(std::string_view stem, std::string_view quant) {
  const bool ends = stem.ends_with(quant) && (stem.size() == quant.size() ||
                                              is_separator(stem[stem.size() - quant.size() - 1]));
  if (ends) return true;
  // A folder of the quantisation's name, as split models have.
  return stem.starts_with(std::string(quant) + "/") ||
         stem.find("/" + std::string(quant) + "/") != std::string_view::npos;
}

bool is_whole(const FileSet& set, std::span<const std::string> paths) {
  if (set.files.size() != set.n_shards) return false;
  for (std::size_t i = 0; i < set.files.size(); ++i) {
    const auto shard = parse_shard(paths[set.files[i]]);
    if (shard && shard->number != i + 1) return false;
  }
  return true;
}

}  // namespace

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

std::vector<FileSet> file_sets(std::span<const std::string> paths) {
  std::map<std::string, FileSet> by_stem;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const std::string_view path = paths[i];
    if (!is_model_file(path)) continue;
    const auto shard = parse_shard(path);
    const std::string_view stem = shard ? shard->prefix : path.substr(0, path.size() - kEnd.size());
    const std::uint32_t n_shards = shard ? shard->count : 1;
    // Sets of different size are different models, whatever they are called.
    FileSet& one = by_stem[fmt::format("{} {}", lower(stem), n_shards)];
    one.stem = lower(stem);
    one.n_shards = n_shards;
    one.files.push_back(i);
  }
  std::vector<FileSet> all;
  for (auto& [key, one] : by_stem) {
    std::ranges::sort(one.files, {}, [&](std::size_t i) { return paths[i]; });
    one.whole = is_whole(one, paths);
    all.push_back(std::move(one));
  }
  return all;
}

const FileSet* choose_file_set(std::span<const FileSet> sets, std::span<const std::string> paths,
                               std::string_view quant) {
  const std::string wanted = lower(quant.empty() ? kDefaultQuant : quant);
  for (const FileSet& one : sets)
    for (const std::size_t i : one.files)
      if (lower(file_name(paths[i])) == wanted || lower(paths[i]) == wanted) return &one;
  const FileSet* best = nullptr;  // the shortest name: "m-q4_k_m" before "m-ud-q4_k_m"
  for (const FileSet& one : sets)
    if (names_quant(one.stem, wanted) && (best == nullptr || one.stem.size() < best->stem.size()))
      best = &one;
  if (best == nullptr && quant.empty() && !sets.empty()) return &sets.front();
  return best;
}

std::string quant_of_stem(std::string_view stem) {
  const auto begin = stem.find_last_of("-./");
  if (begin == std::string_view::npos) return "";
  std::string word = lower(stem.substr(begin + 1));
  const std::string_view kinds[] = {"q", "iq", "tq", "f", "bf", "mxfp", "nvfp"};
  const bool is_quant = std::ranges::any_of(kinds, [&](std::string_view kind) {
    return word.starts_with(kind) && word.size() > kind.size() && word[kind.size()] >= '0' &&
           word[kind.size()] <= '9';
  });
  if (!is_quant) return "";
  for (char& c : word)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return word;
}

}  // namespace hearth::store
