// SPDX-License-Identifier: Apache-2.0
#include "store/prepared.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/escape.h"
#include "base/sha256.h"
#include "store/folder_internal.h"
#include "store/prepared_internal.h"
#include "store/store.h"

namespace hearth::store {
namespace {

std::string path_of(const std::string& root, const PreparedName& name) {
  return fmt::format("{}/{}.{}", prepared_dir(root), name.key, name.layout);
}

struct Copy {
  std::string path;
  std::uint64_t bytes = 0;
  std::int64_t used_ns = 0;
};

// All but temporary files; those that were used longest ago first.
Result<std::vector<Copy>> all_copies(const std::string& root) {
  std::vector<Copy> copies;
  for (const std::string& name : TRY(names_in(prepared_dir(root)))) {
    if (name.starts_with(kTempPrefix)) continue;
    Copy copy{.path = prepared_dir(root) + "/" + name};
    struct stat status;
    if (::stat(copy.path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    copy.bytes = static_cast<std::uint64_t>(status.st_size);
    copy.used_ns = mtime_ns_of(status);
    copies.push_back(std::move(copy));
  }
  std::ranges::sort(copies, {}, &Copy::used_ns);
  return copies;
}

}  // namespace

std::string prepared_dir(const std::string& root) {
  return root + "/prepared";
}

Result<std::uint64_t> sweep_prepared(const std::string& root, const std::set<std::string>& keys) {
  std::uint64_t bytes_freed = 0;
  for (const Copy& copy : TRY(all_copies(root))) {
    const std::size_t name_at = copy.path.rfind('/') + 1;
    if (keys.contains(copy.path.substr(name_at, copy.path.find('.', name_at) - name_at))) continue;
    if (::unlink(copy.path.c_str()) != 0) return std::unexpected(path_error(copy.path, errno));
    bytes_freed += copy.bytes;
  }
  return bytes_freed;
}

std::string contents_key(const Manifest& manifest) {
  if (manifest.files.size() == 1) return manifest.files[0].sha256;
  Sha256 hash;
  for (const StoredFile& file : manifest.files) hash.update(std::as_bytes(std::span(file.sha256)));
  return hash.finish_hex();
}

Result<UniqueFd> open_prepared(const Store& store, const PreparedName& name) {
  const std::string path = path_of(store.root(), name);
  UniqueFd fd = TRY(open_for_read(path));
  static_cast<void>(::utimensat(AT_FDCWD, path.c_str(), nullptr, 0));  // a read-only store: no time
  return fd;
}

std::uint64_t prepared_bytes(const Store& store, const PreparedName& name) {
  struct stat status;
  const bool there = ::stat(path_of(store.root(), name).c_str(), &status) == 0;
  return there && S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
}

Result<void> remove_prepared(const Store& store, const PreparedName& name) {
  const std::string path = path_of(store.root(), name);
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return std::unexpected(path_error(path, errno));
}

PreparedDraft::PreparedDraft(std::string root, PreparedName name, const PreparedLimits& limits)
    : root_(std::move(root)), name_(std::move(name)), limits_(limits) {}
PreparedDraft::PreparedDraft(PreparedDraft&&) noexcept = default;
PreparedDraft& PreparedDraft::operator=(PreparedDraft&&) noexcept = default;
PreparedDraft::~PreparedDraft() = default;

int PreparedDraft::fd() const {
  return file_->fd();
}

Result<PreparedDraft> PreparedDraft::begin(const Store& store, PreparedName name,
                                           std::uint64_t n_bytes, const PreparedLimits& limits) {
  if (n_bytes > limits.budget_bytes)
    return fail(ErrorCode::does_not_fit, "a copy of {} MiB is beyond the budget of {} MiB",
                n_bytes >> 20, limits.budget_bytes >> 20);
  PreparedDraft draft(store.root(), std::move(name), limits);
  const std::string folder = prepared_dir(draft.root_);
  TRY(make_folders(folder));
  if (!check_free_space(folder, n_bytes + limits.reserve_bytes))
    return fail(ErrorCode::does_not_fit,
                "a copy of {} MiB would leave less than {} MiB of the disk", n_bytes >> 20,
                limits.reserve_bytes >> 20);
  const UniqueFd lock = TRY(lock_file(draft.root_ + "/lock"));
  TRY(sweep_temp_files(folder));
  draft.file_ = std::make_unique<TempFile>(TRY(TempFile::create(folder)));
  return draft;
}

Result<void> PreparedDraft::keep() {
  const UniqueFd lock = TRY(lock_file(root_ + "/lock"));
  const Store store = TRY(Store::open(root_));
  if (!TRY(store.contents_keys()).contains(name_.key))
    return fail(ErrorCode::not_found, "the model was removed while it was being loaded");
  ::fchmod(file_->fd(), 0644);
  const std::string path = path_of(root_, name_);
  TRY(file_->keep_as(path));
  const std::vector<Copy> copies = TRY(all_copies(root_));
  std::uint64_t total_bytes = 0;
  for (const Copy& copy : copies) total_bytes += copy.bytes;
  for (const Copy& copy : copies) {
    const bool is_old = copy.path != path && copy.path.starts_with(path.substr(0, path.rfind('.')));
    if (copy.path == path || (!is_old && total_bytes <= limits_.budget_bytes)) continue;
    if (::unlink(copy.path.c_str()) == 0) total_bytes -= copy.bytes;
  }
  return {};
}

}  // namespace hearth::store
