// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <fmt/ranges.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <set>
#include <utility>

#include "base/escape.h"
#include "store/folder_internal.h"
#include "store/known_models.h"
#include "store/name.h"
#include "store/prepared.h"
#include "store/prepared_internal.h"
#include "store/shards.h"

namespace hearth::store {
namespace {

constexpr std::size_t kMaxManifestBytes = 1 << 20;
constexpr std::string_view kManifestEnd = ".json";
constexpr std::string_view kLatest = ":latest";

// XDG: a variable that is empty or not absolute counts as unset.
std::string absolute_variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && value[0] == '/' ? value : "";
}

// What else the name may mean: "name" for "name:latest" and the other way round.
std::string other_spelling(std::string_view name) {
  if (name.ends_with(kLatest)) return std::string(name.substr(0, name.size() - kLatest.size()));
  if (name.find(':') == std::string_view::npos) return std::string(name) + std::string(kLatest);
  return "";
}

}  // namespace

Result<std::string> default_root() {
  if (const char* home = std::getenv("HEARTH_HOME"); home != nullptr && *home != '\0') return home;
  if (const std::string data = absolute_variable("XDG_DATA_HOME"); !data.empty())
    return data + "/hearth";
  std::string home = absolute_variable("HOME");
  if (home.empty()) {
    const passwd* user = ::getpwuid(::getuid());  // NOLINT: before any thread of ours starts
    if (user != nullptr && user->pw_dir != nullptr && user->pw_dir[0] == '/') home = user->pw_dir;
  }
  if (home.empty())
    return fail(ErrorCode::not_found, "no home folder is known: set HEARTH_HOME to a folder");
  return home + "/.local/share/hearth";
}

bool is_path(std::string_view model) {
  return model.find('/') != std::string_view::npos || model.ends_with(".gguf");
}

Result<Store> Store::open(std::string root) {
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  if (root.empty()) return fail(ErrorCode::usage, "the model store needs a folder");
  return Store(std::move(root));
}

Result<Store> Store::open_default() {
  return open(TRY(default_root()));
}

std::string Store::blob_path(std::string_view sha256) const {
  return fmt::format("{}/sha256-{}", blobs_dir(), sha256);
}

std::string Store::manifest_path(std::string_view name) const {
  return fmt::format("{}/{}{}", manifests_dir(), name, kManifestEnd);
}

std::string Store::path_of(const StoredFile& file) const {
  return file.is_reference() ? file.path : blob_path(file.sha256);
}

Result<std::vector<std::string>> Store::model_names() const {
  std::vector<std::string> names;
  for (std::string& entry : TRY(names_in(manifests_dir()))) {
    if (!entry.ends_with(kManifestEnd)) continue;
    entry.resize(entry.size() - kManifestEnd.size());
    if (is_model_name(entry)) names.push_back(std::move(entry));
  }
  return names;
}

Result<Manifest> Store::read_manifest(std::string_view name) const {
  const std::string path = manifest_path(name);
  const std::string text = TRY(read_file(path, kMaxManifestBytes));
  auto manifest = parse_manifest(text, name);
  if (!manifest)
    return fail(ErrorCode::integrity, "{}: {}", printable(path), manifest.error().message);
  return manifest;
}

Result<void> Store::check_blobs(const Manifest& manifest) const {
  for (const StoredFile& file : manifest.files) {
    const std::string path = path_of(file);
    struct stat status;
    const bool there = ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
    const char* wrong = nullptr;
    if (!there) {
      wrong = "is missing";
    } else if (static_cast<std::uint64_t>(status.st_size) != file.bytes) {
      wrong = "does not have its size";
    } else if (file.is_reference() && mtime_ns_of(status) != file.mtime_ns) {
      wrong = "changed since it was imported";
    }
    if (wrong != nullptr)
      return fail(ErrorCode::integrity, "{}: {} ({}) {}; {}", manifest.name, printable(path),
                  printable(file.name), wrong, repair_advice(manifest));
  }
  return {};
}

Result<Listing> Store::list() const {
  Listing listing;
  for (const std::string& name : TRY(model_names())) {
    auto manifest = read_manifest(name);
    if (!manifest) {
      listing.problems.push_back(manifest.error().message);
      continue;
    }
    if (const auto sound = check_blobs(*manifest); !sound)
      listing.problems.push_back(sound.error().message);
    listing.models.push_back(std::move(*manifest));
  }
  return listing;
}

Result<Model> Store::find(std::string_view name) const {
  if (!is_model_name(name)) return std::unexpected(no_such_model(name));
  auto manifest = read_manifest(name);
  if (!manifest && manifest.error().code == ErrorCode::not_found) {
    const std::string other = other_spelling(name);
    if (is_model_name(other)) manifest = read_manifest(other);
  }
  if (!manifest && manifest.error().code == ErrorCode::not_found)
    return std::unexpected(no_such_model(name));
  Model model {
    TRY(std::move(manifest))
    , {}
  };
  TRY(check_blobs(model.manifest));
  for (const StoredFile& file : model.manifest.files) model.paths.push_back(path_of(file));
  return model;
}

Error Store::no_such_model(std::string_view name) const {
  std::string message = fmt::format("there is no model '{}'", printable(name));
  const auto names = model_names();
  if (names) {
    const auto near = nearest_names(name, *names);
    if (!near.empty()) message += fmt::format("; did you mean {}?", fmt::join(near, " or "));
  }
  if (::access(std::string(name).c_str(), F_OK) == 0)
    message += fmt::format("; for the file of that name write ./{}", printable(name));
  if (const KnownModel* known = find_known_model(name))
    message += fmt::format("; `{}` gets it", how_to_get(*known));
  message += "; `hearth list` shows the models here, `hearth import FILE --name NAME` adds one";
  return {ErrorCode::not_found, std::move(message)};
}

Result<std::set<std::string>> Store::contents_keys() const {
  std::set<std::string> keys;
  for (const std::string& name : TRY(model_names()))
    keys.insert(contents_key(TRY(read_manifest(name))));
  return keys;
}

Result<Removal> Store::remove(std::string_view name) {
  std::string path = is_model_name(name) ? manifest_path(name) : "";
  if (!path.empty() && ::access(path.c_str(), F_OK) != 0) {
    const std::string other = other_spelling(name);
    path = is_model_name(other) ? manifest_path(other) : "";
  }
  if (path.empty() || ::access(path.c_str(), F_OK) != 0)
    return std::unexpected(no_such_model(name));
  const UniqueFd lock = TRY(lock_file(root_ + "/lock"));
  if (::unlink(path.c_str()) != 0) return std::unexpected(path_error(path, errno));
  TRY(sync_folder(manifests_dir()));
  Removal removal;
  removal.bytes_freed = TRY(collect_garbage(removal.problems));
  return removal;
}

Result<Manifest> Store::copy(std::string_view from, const std::string& to, bool replace) {
  TRY(check_model_name(to));
  TRY(find(from));  // tells what is wrong with it
  const UniqueFd lock = TRY(lock_file(root_ + "/lock"));
  Manifest manifest = TRY(find(from))
  .manifest;
  manifest.name = to;
  TRY(commit(manifest, replace, [] { return Result<void>(); }));
  return manifest;
}

// Called under the lock. A manifest that cannot be read may list any blob, so that one such
// manifest keeps them all.
Result<std::uint64_t> Store::collect_garbage(std::vector<std::string>& problems) const {
  std::set<std::string> used, keys;
  for (const std::string& name : TRY(model_names())) {
    const auto manifest = read_manifest(name);
    if (!manifest) {
      problems.push_back(manifest.error().message + "; no file was deleted because of it");
      return 0;
    }
    for (const StoredFile& file : manifest->files)
      if (!file.is_reference()) used.insert("sha256-" + file.sha256);
    keys.insert(contents_key(*manifest));
  }
  std::uint64_t bytes_freed = 0;
  if (const auto freed = sweep_prepared(root_, keys)) {
    bytes_freed += *freed;
  } else {
    problems.push_back(freed.error().message);
  }
  for (const std::string& blob : TRY(names_in(blobs_dir()))) {
    if (!blob.starts_with("sha256-") || used.contains(blob)) continue;
    const std::string path = blobs_dir() + "/" + blob;
    struct stat status;
    const bool there = ::stat(path.c_str(), &status) == 0;
    if (::unlink(path.c_str()) != 0) {
      problems.push_back(path_error(path, errno).message);
    } else if (there) {
      bytes_freed += static_cast<std::uint64_t>(status.st_size);
    }
  }
  return bytes_freed;
}

}  // namespace hearth::store
