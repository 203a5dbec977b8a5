// SPDX-License-Identifier: Apache-2.0
#include "store/elsewhere.h"

#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <map>

#include "base/escape.h"
#include "store/elsewhere_internal.h"
#include "store/file_sets.h"
#include "store/folder_internal.h"
#include "store/name.h"

namespace hearth::store {
namespace {

constexpr std::size_t kMaxPartBytes = 200;
constexpr std::string_view kLatestTag = ":latest";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void add_root(std::vector<std::string>& roots, std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (path.starts_with('/') && std::ranges::find(roots, path) == roots.end())
    roots.push_back(std::move(path));
}

// Whether the resolved path is root itself or lies below it.
bool is_inside(std::string_view path, std::string_view root) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

}  // namespace

bool is_plain_part(std::string_view part) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '=' || c == '+';
  };
  return !part.empty() && part.size() <= kMaxPartBytes && part.front() != '.' &&
         std::ranges::all_of(part, plain);
}

std::string resolved_path(const std::string& path) {
  char buffer[PATH_MAX];
  return ::realpath(path.c_str(), buffer) == nullptr ? "" : buffer;
}

std::vector<std::string> Walk::names(const std::string& path) {
  auto names = names_in(path);
  if (!names) return {};
  std::erase_if(*names, [](const std::string& name) { return !is_plain_part(name); });
  if (names->size() > entries_left_) names->resize(entries_left_);
  entries_left_ -= names->size();
  return std::move(*names);
}

std::vector<std::string> Walk::folders(const std::string& path) {
  std::vector<std::string> found;
  for (std::string& name : names(path)) {
    struct stat status;
    if (::stat((path + "/" + name).c_str(), &status) == 0 && S_ISDIR(status.st_mode))
      found.push_back(std::move(name));
  }
  return found;
}

std::vector<std::string> Walk::files(const std::string& path, const std::string& root) {
  std::vector<std::string> found;
  for (std::string& name : names(path)) {
    const std::string full = resolved_path(path + "/" + name);
    struct stat status;
    if (!full.empty() && is_inside(full, root) && ::stat(full.c_str(), &status) == 0 &&
        S_ISREG(status.st_mode))
      found.push_back(std::move(name));
  }
  return found;
}

std::vector<std::string> Walk::gguf_files(const std::string& path, const std::string& root,
                                          int depth) {
  std::vector<std::string> found;
  for (std::string& name : files(path, root))
    if (name.ends_with(".gguf")) found.push_back(std::move(name));
  if (depth == 0) return found;
  for (const std::string& folder : folders(path))
    for (const std::string& name : gguf_files(path + "/" + folder, root, depth - 1))
      found.push_back(folder + "/" + name);
  return found;
}

void add_file_sets(const std::string& prefix, const std::string& repo, const std::string& owner,
                   const std::string& folder, const std::vector<std::string>& files,
                   ElsewhereListing& listing) {
  const std::vector<FileSet> sets = file_sets(files);
  std::map<std::string, int> n_of_quant;
  for (const FileSet& set : sets) ++n_of_quant[quant_of_stem(set.stem)];
  for (const FileSet& set : sets) {
    const std::string first(file_name(files[set.files.front()]));
    if (!set.whole) {
      listing.problems.push_back(fmt::format("{}: {}: {} of its {} parts are there", owner,
                                             printable(folder + "/" + first), set.files.size(),
                                             set.n_shards));
      continue;
    }
    const std::string quant = quant_of_stem(set.stem);
    ElsewhereModel model;
    model.name = prefix + ":" + (quant.empty() || n_of_quant[quant] > 1 ? first : quant);
    model.short_name = name_for_file(first);
    model.owner = owner;
    model.repo = repo;
    for (const std::size_t i : set.files) {
      struct stat status;
      model.files.push_back(files[i]);
      model.paths.push_back(folder + "/" + files[i]);
      if (::stat(model.paths.back().c_str(), &status) == 0)
        model.bytes += static_cast<std::uint64_t>(status.st_size);
    }
    listing.models.push_back(std::move(model));
  }
}

ElsewhereRoots elsewhere_from_environment() {
  ElsewhereRoots roots;
  if (variable("HEARTH_ELSEWHERE") == "0") return roots;
  const std::string home = variable("HOME");
  std::string cache = variable("XDG_CACHE_HOME");
  if (!cache.starts_with('/')) cache = home + "/.cache";
  // The first variable that is set decides, as in the programs themselves.
  std::string hub = cache + "/huggingface/hub";
  if (const std::string set = variable("HF_HOME"); !set.empty()) hub = set + "/hub";
  for (const char* name : {"HUGGINGFACE_HUB_CACHE", "HF_HUB_CACHE"})
    if (const std::string set = variable(name); !set.empty()) hub = set;
  add_root(roots.hub_caches, hub);
  const std::string llama_cache = variable("LLAMA_CACHE");
  add_root(roots.hub_caches, llama_cache);
  add_root(roots.llama_cpp, llama_cache.empty() ? cache + "/llama.cpp" : llama_cache);
  const std::string ollama = variable("OLLAMA_MODELS");
  add_root(roots.ollama, ollama.empty() ? home + "/.ollama/models" : ollama);
  if (ollama.empty()) add_root(roots.ollama, "/usr/share/ollama/.ollama/models");
  add_root(roots.lm_studio, home + "/.lmstudio/models");
  add_root(roots.lm_studio, home + "/.cache/lm-studio/models");
  return roots;
}

ElsewhereListing list_elsewhere(const ElsewhereRoots& roots) {
  ElsewhereListing listing;
  const auto add = [&](const std::vector<std::string>& paths, auto list_one) {
    const auto before = listing.models.size();
    for (const std::string& path : paths) list_one(path, listing);
    std::ranges::stable_sort(listing.models.begin() + static_cast<std::ptrdiff_t>(before),
                             listing.models.end(), {}, &ElsewhereModel::name);
  };
  add(roots.hub_caches, list_hub_cache);
  add(roots.llama_cpp, list_llama_cpp);
  add(roots.ollama, list_ollama);
  add(roots.lm_studio, list_lm_studio);
  return listing;
}

Result<ElsewhereModel> find_elsewhere(const ElsewhereListing& listing, std::string_view name) {
  const auto without_latest = [](std::string_view text) {
    if (text.ends_with(kLatestTag)) text.remove_suffix(kLatestTag.size());
    return text;
  };
  for (const ElsewhereModel& model : listing.models)
    if (without_latest(model.name) == without_latest(name)) return model;
  std::vector<const ElsewhereModel*> found;
  for (const ElsewhereModel& model : listing.models) {
    if (without_latest(model.short_name) != without_latest(name)) continue;
    const bool same = std::ranges::any_of(
        found, [&](const ElsewhereModel* other) { return other->name == model.name; });
    if (!same) found.push_back(&model);
  }
  if (found.size() == 1) return *found.front();
  if (found.empty())
    return fail(ErrorCode::not_found, "no other program here has a model '{}'", printable(name));
  std::vector<std::string> names;
  for (const ElsewhereModel* model : found) names.push_back(model->name);
  return fail(ErrorCode::usage, "'{}' may be any of {}; give the full name", printable(name),
              fmt::join(names, ", "));
}

bool is_elsewhere_name(std::string_view word) {
  const std::string_view prefixes[] = {"ollama:", "llama.cpp:", "lmstudio:"};
  return std::ranges::any_of(prefixes,
                             [&](std::string_view prefix) { return word.starts_with(prefix); });
}

}  // namespace hearth::store
