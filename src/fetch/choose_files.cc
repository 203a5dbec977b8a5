// SPDX-License-Identifier: Apache-2.0
#include <fmt/ranges.h>

#include "base/escape.h"
#include "fetch/hub.h"
#include "store/file_sets.h"

namespace hearth::fetch {
namespace {

constexpr std::size_t kMaxListed = 20;

}  // namespace

Result<std::vector<HubFile>> choose_files(const HubRepo& repo, std::string_view quant) {
  std::vector<std::string> paths;
  for (const HubFile& file : repo.files) paths.push_back(file.path);
  const std::vector<store::FileSet> sets = store::file_sets(paths);
  if (sets.empty())
    return fail(ErrorCode::not_found, "{}: this repository has no GGUF model", repo.id);
  const store::FileSet* chosen = store::choose_file_set(sets, paths, quant);
  if (chosen == nullptr) {
    std::vector<std::string> names;
    for (const store::FileSet& one : sets)
      if (names.size() < kMaxListed)
        names.push_back(printable(store::file_name(paths[one.files.front()]), 100));
    return fail(ErrorCode::not_found, "{}: no model '{}' there; it has {}{}", repo.id,
                printable(quant, 100), fmt::join(names, ", "),
                sets.size() > names.size() ? " and others" : "");
  }
  if (!chosen->whole)
    return fail(ErrorCode::integrity, "{}: {} has {} parts, and the hub lists {} of them", repo.id,
                printable(chosen->stem, 200), chosen->n_shards, chosen->files.size());
  std::vector<HubFile> files;
  for (const std::size_t i : chosen->files) files.push_back(repo.files[i]);
  return files;
}

}  // namespace hearth::fetch
