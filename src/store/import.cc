// SPDX-License-Identifier: Apache-2.0
//
// Import in two halves. The long one (hash and copy to temporary files) holds no lock, so that
// imports run side by side. The short one (rename into place, write the manifest) holds the store's
// lock, so that remove() never sees a blob whose manifest is still to come.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "base/escape.h"
#include "base/sha256.h"
#include "store/folder_internal.h"
#include "store/name.h"
#include "store/shards.h"
#include "store/store.h"

namespace hearth::store {
namespace {

constexpr std::size_t kCopyBytes = 1 << 20;

// One file on its way in.
struct Incoming {
  std::string path;
  UniqueFd fd;
  struct stat status = {};       // before it was read
  StoredFile file;               // sha256 is known once it has been read
  std::string expected;          // hash, or empty
  std::optional<TempFile> copy;  // none when the store seems to have the blob
};

struct Progress {
  const ImportOptions& options;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  void add(std::uint64_t bytes) {
    done += bytes;
    if (options.progress) options.progress(done, total);
  }
};

Result<std::vector<Incoming>> open_all(const ImportOptions& options) {
  std::vector<Incoming> incoming;
  TRY(open_for_read(options.path));  // the file that was named is the one to complain about first
  for (const std::string& path : TRY(all_shards(options.path))) {
    Incoming one;
    one.path = path;
    one.fd = TRY(open_for_read(path));
    one.file.bytes = TRY(file_size(one.fd.get()));
    if (::fstat(one.fd.get(), &one.status) != 0) return std::unexpected(path_error(path, errno));
    one.file.name = path.substr(path.rfind('/') + 1);
    if (path == options.path) one.expected = to_lower_hex(options.sha256);
    incoming.push_back(std::move(one));
  }
  return incoming;
}

// Reads the file once: hashes it, and writes what it reads to the copy if there is one.
Result<void> read_through(Incoming& one, Progress& progress) {
  Sha256 hash;
  std::vector<std::byte> buffer(kCopyBytes);
  std::uint64_t offset = 0;
  while (true) {
    if (progress.options.stop.stop_requested())
      return fail(ErrorCode::cancelled, "the import was cancelled");
    const ssize_t n =
        ::pread(one.fd.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(ErrorCode::io, "{}: {}", printable(one.path), errno_text(errno));
    if (n == 0) break;
    const std::span<const std::byte> piece(buffer.data(), static_cast<std::size_t>(n));
    hash.update(piece);
    if (one.copy) {
      if (const auto written = write_all(one.copy->fd(), piece); !written)
        return fail(ErrorCode::io, "{}: {}", printable(one.copy->path()), written.error().message);
    }
    offset += piece.size();
    progress.add(piece.size());
  }
  struct stat after;
  const bool changed = ::fstat(one.fd.get(), &after) != 0 ||
                       mtime_ns_of(after) != mtime_ns_of(one.status) ||
                       after.st_size != one.status.st_size;
  if (offset != one.file.bytes || changed)
    return fail(ErrorCode::integrity, "{}: it changed while it was being read",
                printable(one.path));
  one.file.sha256 = hash.finish_hex();
  if (!one.expected.empty() && one.file.sha256 != one.expected)
    return fail(ErrorCode::integrity, "{}: its SHA-256 is {}, not {}", printable(one.path),
                one.file.sha256, one.expected);
  if (one.copy) {
    ::fchmod(one.copy->fd(), 0444);
    TRY(one.copy->sync());
  }
  return {};
}

bool is_blob(const std::string& path, std::uint64_t bytes) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         static_cast<std::uint64_t>(status.st_size) == bytes;
}

// Instead of a copy: the blob is the file itself under a second name. Under the store's lock.
Result<void> link_as(const Incoming& one, const std::string& blob) {
  if (is_blob(blob, one.file.bytes)) return {};
  ::unlink(blob.c_str());  // what is no whole blob is none
  if (::fsync(one.fd.get()) != 0 ||
      ::linkat(AT_FDCWD, one.path.c_str(), AT_FDCWD, blob.c_str(), AT_SYMLINK_FOLLOW) != 0)
    return fail(ErrorCode::io,
                "{}: {}; a hard link needs the store's own file system, --reference "
                "does not",
                printable(one.path), errno_text(errno));
  struct stat there;
  if (::stat(blob.c_str(), &there) == 0 && there.st_ino == one.status.st_ino &&
      there.st_dev == one.status.st_dev)
    return {};
  ::unlink(blob.c_str());
  return fail(ErrorCode::integrity, "{}: it was replaced while it was being read",
              printable(one.path));
}

Result<void> refer_to(Incoming& one) {
  char resolved[PATH_MAX];
  if (::realpath(one.path.c_str(), resolved) == nullptr)
    return std::unexpected(path_error(one.path, errno));
  one.file.path = resolved;
  one.file.mtime_ns = mtime_ns_of(one.status);
  return {};
}

// A first look that saves the copy of a file that is there already. It may be wrong either way.
Result<bool> seems_present(const std::string& blobs, const Incoming& one) {
  for (const std::string& name : TRY(names_in(blobs))) {
    const bool candidate =
        one.expected.empty() ? name.starts_with("sha256-") : name == "sha256-" + one.expected;
    if (candidate && is_blob(blobs + "/" + name, one.file.bytes)) return true;
  }
  return false;
}

}  // namespace

Result<Manifest> Store::import_file(const ImportOptions& options) {
  TRY(check_model_name(options.name));
  if (!options.sha256.empty() && !is_sha256_hex(options.sha256))
    return fail(ErrorCode::usage, "a SHA-256 is 64 hex digits, not '{}'",
                printable(options.sha256, 80));
  std::vector<Incoming> incoming = TRY(open_all(options));
  TRY(make_folders(blobs_dir()));
  TRY(make_folders(manifests_dir()));

  Progress progress{options};
  for (const Incoming& one : incoming) progress.total += one.file.bytes;
  const auto start_copy = [&](Incoming& one) -> Result<void> {
    const UniqueFd lock = TRY(lock_file(root_ + "/lock"));
    one.copy = TRY(TempFile::create(blobs_dir()));
    return {};
  };
  {
    const UniqueFd lock = TRY(lock_file(root_ + "/lock"));
    TRY(sweep_temp_files(blobs_dir()));
    TRY(sweep_temp_files(manifests_dir()));
  }
  std::uint64_t bytes_to_copy = 0;
  const bool copies = options.mode == ImportMode::copy;
  for (Incoming& one : incoming) {
    if (!copies || TRY(seems_present(blobs_dir(), one))) continue;
    TRY(start_copy(one));
    bytes_to_copy += one.file.bytes;
  }
  TRY(check_free_space(blobs_dir(), bytes_to_copy));
  for (Incoming& one : incoming) TRY(read_through(one, progress));

  // What seemed present may be another file of the same size, or be gone by now: copy it after all.
  UniqueFd lock;
  while (true) {
    lock = TRY(lock_file(root_ + "/lock"));
    const auto missing = std::ranges::find_if(incoming, [&](const Incoming& one) {
      return copies && !one.copy && !is_blob(blob_path(one.file.sha256), one.file.bytes);
    });
    if (missing == incoming.end()) break;
    lock.reset();
    TRY(start_copy(*missing));
    missing->expected = missing->file.sha256;
    progress.total += missing->file.bytes;
    TRY(read_through(*missing, progress));
  }

  Manifest manifest{.name = options.name,
                    .files = {},
                    .source = options.source.empty() ? options.path : options.source,
                    .licence = options.licence,
                    .created = now_utc()};
  for (Incoming& one : incoming) {
    if (options.mode == ImportMode::reference) TRY(refer_to(one));
    manifest.files.push_back(one.file);
  }
  TRY(commit(manifest, options.replace, [&]() -> Result<void> {
    for (Incoming& one : incoming) {
      if (one.copy) TRY(one.copy->keep_as(blob_path(one.file.sha256)));
      if (options.mode == ImportMode::link) TRY(link_as(one, blob_path(one.file.sha256)));
    }
    return {};
  }));
  return manifest;
}

}  // namespace hearth::store
