// SPDX-License-Identifier: Apache-2.0
//
// How a model enters the store once its files are whole: import and download end here.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "base/escape.h"
#include "store/folder_internal.h"
#include "store/name.h"
#include "store/store.h"

namespace hearth::store {

std::string now_utc() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts;
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Result<void> Store::check_name_is_free(const Manifest& manifest, bool replace) const {
  const auto present = read_manifest(manifest.name);
  if (!present && present.error().code == ErrorCode::not_found) return {};
  if (replace || !present || present->same_contents(manifest)) return {};
  return fail(
      ErrorCode::usage,
      "the name '{}' belongs to another model ({}): choose another name, or remove it first",
      manifest.name, printable(present->files[0].name));
}

Result<void> Store::commit(const Manifest& manifest, bool replace,
                           const std::function<Result<void>()>& place_blobs) {
  TRY(check_name_is_free(manifest, replace));
  const auto write = [&]() -> Result<void> {
    TRY(place_blobs());
    TRY(sync_folder(blobs_dir()));
    return replace_file(manifests_dir(), manifest.name + ".json", to_text(manifest));
  };
  const auto written = write();
  // Blobs without a manifest: what a failed commit placed, an earlier crash left, or --replace
  // freed.
  std::vector<std::string> problems;  // those of other manifests, which list() reports
  const auto collected = collect_garbage(problems);
  if (!written) return std::unexpected(written.error());
  if (!collected) return std::unexpected(collected.error());
  return {};
}

Result<std::string> Store::partial_dir() const {
  std::string path = root_ + "/partial";
  TRY(make_folders(path));
  return path;
}

bool Store::has_blob(const StoredFile& file) const {
  struct stat status;
  return ::stat(blob_path(file.sha256).c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         static_cast<std::uint64_t>(status.st_size) == file.bytes;
}

Result<Manifest> Store::adopt(const AdoptOptions& options) {
  TRY(check_model_name(options.name));
  TRY(make_folders(blobs_dir()));
  TRY(make_folders(manifests_dir()));
  Manifest manifest{.name = options.name,
                    .files = {},
                    .source = options.source,
                    .licence = options.licence,
                    .created = now_utc()};
  const UniqueFd lock = TRY(lock_file(root_ + "/lock"));
  for (const Finished& one : options.files) {
    manifest.files.push_back(one.file);
    if (one.path.empty() && !has_blob(one.file))
      return fail(ErrorCode::not_found, "{}: it was removed from the store meanwhile; try again",
                  printable(one.file.name));
  }
  TRY(commit(manifest, options.replace, [&]() -> Result<void> {
    for (const Finished& one : options.files) {
      if (one.path.empty()) continue;
      ::chmod(one.path.c_str(), 0444);
      const std::string blob = blob_path(one.file.sha256);
      if (::rename(one.path.c_str(), blob.c_str()) != 0)
        return std::unexpected(path_error(one.path, errno));
    }
    return {};
  }));
  return manifest;
}

}  // namespace hearth::store
