// SPDX-License-Identifier: Apache-2.0
//
// The three stores whose layout is that of repositories: the hub's cache, llama.cpp's and LM
// Studio's. What their layouts are: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
// and https://lmstudio.ai/docs/app/basics/import-model; the names of llama.cpp's flat cache are as
// its versions before the shared cache wrote them.
#include <algorithm>
#include <map>

#include "base/file.h"
#include "base/json.h"
#include "store/elsewhere_internal.h"
#include "store/file_sets.h"
#include "store/name.h"

namespace hearth::store {
namespace {

constexpr std::size_t kMaxRefBytes = 256;
constexpr std::size_t kMaxLlamaManifestBytes = 4 << 20;
constexpr int kSnapshotDepth = 2;  // folders of quantisations within a repository

// "models--ORG--REPO" to "ORG/REPO"; empty if it is none.
std::string repo_of_folder(std::string_view name) {
  constexpr std::string_view kStart = "models--", kBetween = "--";
  if (!name.starts_with(kStart)) return "";
  name.remove_prefix(kStart.size());
  const auto between = name.find(kBetween);
  if (between == std::string_view::npos) return "";
  const std::string_view org = name.substr(0, between), repo = name.substr(between + 2);
  if (!is_plain_part(org) || !is_plain_part(repo)) return "";
  return std::string(org) + "/" + std::string(repo);
}

// The snapshots of a repository, the one that "main" means first.
std::vector<std::string> snapshots_of(const std::string& folder, Walk& walk) {
  std::vector<std::string> snapshots = walk.folders(folder + "/snapshots");
  std::string main = read_file(folder + "/refs/main", kMaxRefBytes).value_or("");
  while (!main.empty() && (main.back() == '\n' || main.back() == ' ')) main.pop_back();
  if (const auto found = std::ranges::find(snapshots, main); found != snapshots.end())
    std::rotate(snapshots.begin(), found, found + 1);
  return snapshots;
}

}  // namespace

void list_hub_cache(const std::string& root, ElsewhereListing& listing) {
  Walk walk;
  for (const std::string& name : walk.folders(root)) {
    const std::string repo = repo_of_folder(name);
    if (repo.empty()) continue;
    const std::string folder = root + "/" + name;
    const std::string inside = resolved_path(folder);  // files are links to ../../blobs
    std::vector<std::string> seen;
    for (const std::string& snapshot : snapshots_of(folder, walk)) {
      const std::string path = folder + "/snapshots/" + snapshot;
      ElsewhereListing own;
      add_file_sets("hf:" + repo, repo, "Hugging Face", path,
                    walk.gguf_files(path, inside, kSnapshotDepth), own);
      for (ElsewhereModel& model : own.models) {
        if (std::ranges::find(seen, model.files.front()) != seen.end()) continue;
        seen.push_back(model.files.front());
        listing.models.push_back(std::move(model));
      }
      std::ranges::move(own.problems, std::back_inserter(listing.problems));
    }
  }
}

void list_llama_cpp(const std::string& root, ElsewhereListing& listing) {
  Walk walk;
  const std::vector<std::string> names = walk.files(root, resolved_path(root));
  // Which repository's file a flat name is: "manifest=ORG=REPO=TAG.json" tells it.
  struct Origin {
    std::string repo, file;
  };
  std::map<std::string, Origin> origins;
  for (const std::string& name : names) {
    constexpr std::string_view kStart = "manifest=";
    if (!name.starts_with(kStart) || !name.ends_with(".json")) continue;
    const std::string_view rest = std::string_view(name).substr(kStart.size());
    const auto first = rest.find('='), second = rest.find('=', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string org(rest.substr(0, first)), repo(rest.substr(first + 1, second - first - 1));
    const std::string text = read_file(root + "/" + name, kMaxLlamaManifestBytes).value_or("");
    const auto json = parse_json(text, {.max_bytes = kMaxLlamaManifestBytes, .max_depth = 32});
    if (!json || !json->is_object()) continue;
    const auto entry = json->find("ggufFile");
    if (entry == json->end() || !entry->is_object()) continue;
    const auto file = entry->find("rfilename");
    if (file == entry->end() || !file->is_string()) continue;
    std::string flat = org + "_" + repo + "_" + file->get<std::string>();
    std::ranges::replace(flat, '/', '_');
    origins[flat] = {org + "/" + repo, file->get<std::string>()};
  }
  for (const FileSet& set : file_sets(names)) {
    std::vector<std::string> files;
    for (const std::size_t i : set.files) files.push_back(names[i]);
    const auto origin = origins.find(files.front());
    ElsewhereListing own;
    add_file_sets("llama.cpp", "", "llama.cpp", root, files, own);
    for (ElsewhereModel& model : own.models) {
      if (origin != origins.end() && files.size() == 1 &&
          is_plain_part(origin->second.repo.substr(origin->second.repo.find('/') + 1))) {
        const std::string name = origin->second.file.substr(origin->second.file.rfind('/') + 1);
        if (!is_plain_part(name)) continue;
        model.repo = origin->second.repo;
        model.files = {name};
        model.short_name = name_for_file(name);
        const std::string quant = quant_of_stem(set.stem);
        model.name = "hf:" + model.repo + ":" + (quant.empty() ? name : quant);
      } else {
        model.name = "llama.cpp:" + files.front();
      }
      listing.models.push_back(std::move(model));
    }
    std::ranges::move(own.problems, std::back_inserter(listing.problems));
  }
}

void list_lm_studio(const std::string& root, ElsewhereListing& listing) {
  Walk walk;
  const std::string inside = resolved_path(root);
  for (const std::string& org : walk.folders(root))
    for (const std::string& repo : walk.folders(root + "/" + org)) {
      const std::string folder = root + "/" + org + "/" + repo;
      add_file_sets("lmstudio:" + org + "/" + repo, "", "LM Studio", folder,
                    walk.gguf_files(folder, inside, 0), listing);
    }
}

}  // namespace hearth::store
