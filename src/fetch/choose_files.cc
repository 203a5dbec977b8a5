// SPDX-License-Identifier: Apache-2.0
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/escape.h"
#include "fetch/hub.h"
#include "store/shards.h"

namespace hearth::fetch {
namespace {

constexpr std::string_view kDefaultQuant = "q4_k_m";
constexpr std::size_t kMaxListed = 20;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

// One model of a repository: a file, or all shards of one.
struct Candidate {
  std::string stem;  // lower case, without .gguf and shard number, with its folder
  std::vector<HubFile> files;
  std::uint32_t n_shards = 1;
};

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

bool is_model_file(std::string_view path) {
  const std::string name = lower(file_name(path));
  return name.ends_with(".gguf") && name.find("mmproj") == std::string::npos &&
         name.find("imatrix") == std::string::npos;
}

std::vector<Candidate> candidates_of(const HubRepo& repo) {
  std::map<std::string, Candidate> by_stem;
  for (const HubFile& file : repo.files) {
    if (!is_model_file(file.path)) continue;
    const auto shard = store::parse_shard(file.path);
    const std::string_view stem =
        shard ? shard->prefix : std::string_view(file.path).substr(0, file.path.size() - 5);
    const std::uint32_t n_shards = shard ? shard->count : 1;
    // Sets of different size are different models, whatever they are called.
    Candidate& one = by_stem[fmt::format("{} {}", lower(stem), n_shards)];
    one.stem = lower(stem);
    one.n_shards = n_shards;
    one.files.push_back(file);
  }
  std::vector<Candidate> all;
  for (auto& [key, one] : by_stem) {
    std::ranges::sort(one.files, {}, &HubFile::path);
    all.push_back(std::move(one));
  }
  return all;
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

const Candidate* find_candidate(const std::vector<Candidate>& all, std::string_view quant) {
  const std::string wanted = lower(quant);
  for (const Candidate& one : all)
    for (const HubFile& file : one.files)
      if (lower(file_name(file.path)) == wanted || lower(file.path) == wanted) return &one;
  const Candidate* best = nullptr;  // the shortest name: "m-q4_k_m" before "m-ud-q4_k_m"
  for (const Candidate& one : all)
    if (names_quant(one.stem, wanted) && (best == nullptr || one.stem.size() < best->stem.size()))
      best = &one;
  return best;
}

}  // namespace

Result<std::vector<HubFile>> choose_files(const HubRepo& repo, std::string_view quant) {
  const std::vector<Candidate> all = candidates_of(repo);
  if (all.empty())
    return fail(ErrorCode::not_found, "{}: this repository has no GGUF model", repo.id);
  const Candidate* chosen = find_candidate(all, quant.empty() ? kDefaultQuant : quant);
  if (chosen == nullptr && quant.empty()) chosen = &all.front();
  if (chosen == nullptr) {
    std::vector<std::string> names;
    for (const Candidate& one : all)
      if (names.size() < kMaxListed)
        names.push_back(printable(file_name(one.files.front().path), 100));
    return fail(ErrorCode::not_found, "{}: no model '{}' there; it has {}{}", repo.id,
                printable(quant, 100), fmt::join(names, ", "),
                all.size() > names.size() ? " and others" : "");
  }
  if (chosen->files.size() != chosen->n_shards)
    return fail(ErrorCode::integrity, "{}: {} has {} parts, and the hub lists {} of them", repo.id,
                printable(chosen->stem, 200), chosen->n_shards, chosen->files.size());
  return chosen->files;
}

}  // namespace hearth::fetch
