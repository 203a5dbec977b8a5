// SPDX-License-Identifier: Apache-2.0
//
// The models on disk: blobs named by their SHA-256, and one manifest per model name that lists
// them.
//
//   ROOT/blobs/sha256-<hex>         the files, byte for byte as imported, read-only
//   ROOT/manifests/<name>.json      name, files, source, licence, time
//   ROOT/prepared/                  see store/prepared.h
//   ROOT/lock                       held (flock) for the moment in which either folder changes
//
// Promises. A blob appears under its name only when it is whole, has that hash and is on the disk;
// a manifest only when its blobs are there. A crash, a full disk or a kill at any instant leaves a
// good store and at most a temporary file that the next import sweeps away. Any number of processes
// and threads may use one root at once. Reading creates and locks nothing, so a read-only store
// works.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "store/manifest.h"

namespace hearth::store {

// $HEARTH_HOME, or $XDG_DATA_HOME/hearth, or ~/.local/share/hearth.
Result<std::string> default_root();

// How a file comes to be a model's. A link shares the file with its owner, who must not write to
// it; a reference leaves it where it is and notices when its size or time of change differs.
enum class ImportMode : std::uint8_t { copy, link, reference };

struct ImportOptions {
  std::string path;    // the file, or any shard of a split model: all shards are imported
  std::string name;    // see is_model_name
  std::string sha256;  // what the file at path must have; empty: anything
  std::string source;  // for the manifest; empty: the path
  std::string licence;
  ImportMode mode = ImportMode::copy;
  bool replace = false;  // take the name away from another model
  std::function<void(std::uint64_t bytes_done, std::uint64_t bytes_total)> progress;
  std::stop_token stop;  // asks for an early end: cancelled, nothing kept
};

// A file that was completed beside the blobs, in partial_dir(): its hash was checked and its
// contents are on the disk. Both are the caller's promise.
struct Finished {
  StoredFile file;
  std::string path;  // empty: the store has this blob already (has_blob)
};

struct AdoptOptions {
  std::string name;             // see is_model_name
  std::vector<Finished> files;  // in shard order
  std::string source;
  std::string licence;
  bool replace = false;  // take the name away from another model
};

struct Model {
  Manifest manifest;
  std::vector<std::string> paths;  // of the files, in the manifest's order
};

struct Listing {
  std::vector<Manifest> models;       // sorted by name
  std::vector<std::string> problems;  // one sentence for each manifest or blob that is not right
};

struct VerifyOptions {
  std::vector<std::string> names;  // empty: all models
  bool remove_damaged = false;     // delete blobs with a wrong hash, so that they are fetched anew
  std::function<void(std::uint64_t bytes_done, std::uint64_t bytes_total)> progress;
  std::stop_token stop;
};

struct Verification {
  std::vector<std::string> sound;     // names of models whose files all have their hashes
  std::vector<std::string> problems;  // one sentence for each damaged file, with what to do
};

struct Removal {
  std::uint64_t bytes_freed = 0;
  std::vector<std::string> problems;
};

class Store {
 public:
  // Fails only if there is no root to speak of: a folder that does not exist yet is an empty store.
  static Result<Store> open(std::string root);
  static Result<Store> open_default();

  const std::string& root() const { return root_; }

  // Copies and hashes in one pass (or links, or refers: ImportMode). integrity: the hash is not the
  // one asked for, or the file changed meanwhile. usage: a bad name, or one that belongs to a
  // different model. io: permission, full disk. On any failure nothing is kept. What is there
  // already is hashed again but not copied.
  Result<Manifest> import_file(const ImportOptions& options);

  // Where downloads grow, on the file system of the blobs; made if it is missing. What lies there
  // is the downloader's business, and no part of any model.
  Result<std::string> partial_dir() const;
  // Whether a file of this hash and size is a blob here.
  bool has_blob(const StoredFile& file) const;
  // Takes finished files by renaming them: nothing is copied or read again. usage as for
  // import_file; not_found if a blob that was there has gone meanwhile. A failure keeps no blob
  // that no model lists.
  Result<Manifest> adopt(const AdoptOptions& options);

  Result<Listing> list() const;

  // not_found if there is no such name; integrity if its manifest or blobs are damaged.
  // "name:latest" and "name" mean each other when only one of them exists.
  Result<Model> find(std::string_view name) const;

  // contents_key (store/prepared.h) of every model. integrity if a manifest cannot be read, since
  // it may have any.
  Result<std::set<std::string>> contents_keys() const;

  // A second name for a model; its files are shared. usage if the name belongs to another model.
  Result<Manifest> copy(std::string_view from, const std::string& to, bool replace);

  // Reads every file of the models and compares its hash; each file once, however many models share
  // it. not_found for an unknown name; damage is no error but a problem of the answer.
  Result<Verification> verify(const VerifyOptions& options);

  // Forgets a name and deletes the blobs that no other manifest lists. Works on a damaged manifest.
  Result<Removal> remove(std::string_view name);

 private:
  explicit Store(std::string root) : root_(std::move(root)) {}

  std::string blobs_dir() const { return root_ + "/blobs"; }
  std::string manifests_dir() const { return root_ + "/manifests"; }
  std::string blob_path(std::string_view sha256) const;
  std::string manifest_path(std::string_view name) const;
  std::string path_of(const StoredFile& file) const;
  Result<Manifest> read_manifest(std::string_view name) const;
  Result<void> check_blobs(const Manifest& manifest) const;
  Result<void> check_name_is_free(const Manifest& manifest, bool replace) const;
  // Under the lock: places the blobs, then writes the manifest, then sweeps blobs of no model.
  Result<void> commit(const Manifest& manifest, bool replace,
                      const std::function<Result<void>()>& place_blobs);
  Result<std::uint64_t> collect_garbage(std::vector<std::string>& problems) const;
  Result<std::vector<std::string>> model_names() const;
  Error no_such_model(std::string_view name) const;

  std::string root_;
};

// True for what a MODEL argument means as a path: it has a slash or ends in .gguf.
bool is_path(std::string_view model);

}  // namespace hearth::store
