// SPDX-License-Identifier: Apache-2.0
//
// The file-system steps that make the store's promises: locks, temporary files that vanish unless
// kept, and changes that are on the disk when the call returns. Errors are io and name the path.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace hearth::store {

// Names that start so are temporary; no blob, manifest or model name does.
inline constexpr std::string_view kTempPrefix = ".tmp-";

// An io error (or not_found) that names the path and says what errno says.
Error path_error(const std::string& path, int error_number);

// mkdir -p.
Result<void> make_folders(const std::string& path);

// The names in a folder, sorted, without "." and ".."; empty if the folder does not exist.
Result<std::vector<std::string>> names_in(const std::string& path);

// Waits until no other process or thread holds the lock file; closing the descriptor gives it up.
Result<UniqueFd> lock_file(const std::string& path);

Result<void> sync_folder(const std::string& path);

// A new file under a temporary name, removed again unless keep_as() succeeds. It holds a flock on
// itself for as long as it is being written, which tells sweep_temp_files() that it is in use.
class TempFile {
 public:
  static Result<TempFile> create(const std::string& folder);
  TempFile(TempFile&& other) noexcept;
  TempFile& operator=(TempFile&& other) noexcept;
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  ~TempFile();

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }

  // Writes the contents through to the disk.
  Result<void> sync() const;
  // Renames it; the caller syncs the folder.
  Result<void> keep_as(const std::string& path);

 private:
  TempFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  void discard();

  UniqueFd fd_;
  std::string path_;  // empty: kept
};

// Removes temporary files whose writer is gone. Call it, and TempFile::create, under the store's
// lock.
Result<void> sweep_temp_files(const std::string& folder);

// Replaces a file in one step: a reader sees the old text or the new one, also after a power cut.
Result<void> replace_file(const std::string& folder, const std::string& name,
                          std::string_view text);

// The time, as manifests have it (ISO 8601).
std::string now_utc();

// When a file was last changed, as manifests of references have it.
std::int64_t mtime_ns_of(const struct stat& status);

}  // namespace hearth::store
