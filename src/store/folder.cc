// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/escape.h"
#include "store/folder_internal.h"

namespace hearth::store {
namespace {

bool flock_retrying(int fd, int operation) {
  while (::flock(fd, operation) != 0)
    if (errno != EINTR) return false;
  return true;
}

}  // namespace

Error path_error(const std::string& path, int error_number) {
  const bool missing = error_number == ENOENT || error_number == ENOTDIR;
  return {missing ? ErrorCode::not_found : ErrorCode::io,
          fmt::format("{}: {}", printable(path), errno_text(error_number))};
}

std::int64_t mtime_ns_of(const struct stat& status) {
  return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

Result<void> make_folders(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0755) != 0 && errno != EEXIST) {
      // A read-only parent says EROFS or EACCES even for a folder that is there.
      const int error_number = errno;
      struct stat status;
      if (::stat(part.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
        return std::unexpected(path_error(part, error_number));
    }
    if (end == std::string::npos) return {};
  }
}

Result<std::vector<std::string>> names_in(const std::string& path) {
  std::vector<std::string> names;
  DIR* folder = ::opendir(path.c_str());
  if (folder == nullptr) {
    if (errno == ENOENT) return names;
    return std::unexpected(path_error(path, errno));
  }
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(folder);
  std::ranges::sort(names);
  return names;
}

Result<UniqueFd> lock_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd || !flock_retrying(fd.get(), LOCK_EX)) return std::unexpected(path_error(path, errno));
  return fd;
}

Result<void> sync_folder(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return std::unexpected(path_error(path, errno));
  return {};
}

Result<TempFile> TempFile::create(const std::string& folder) {
  std::string path = folder + "/" + std::string(kTempPrefix) + "XXXXXX";
  UniqueFd fd(::mkostemp(path.data(), O_CLOEXEC));
  if (!fd) return std::unexpected(path_error(folder, errno));
  TempFile file(std::move(fd), std::move(path));
  if (!flock_retrying(file.fd(), LOCK_EX)) return std::unexpected(path_error(file.path_, errno));
  return file;
}

TempFile::TempFile(TempFile&& other) noexcept
    : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, {})) {}

TempFile& TempFile::operator=(TempFile&& other) noexcept {
  if (this != &other) {
    discard();
    fd_ = std::move(other.fd_);
    path_ = std::exchange(other.path_, {});
  }
  return *this;
}

TempFile::~TempFile() {
  discard();
}

void TempFile::discard() {
  if (!path_.empty()) ::unlink(path_.c_str());
  path_.clear();
}

Result<void> TempFile::sync() const {
  if (::fsync(fd()) != 0) return std::unexpected(path_error(path_, errno));
  return {};
}

Result<void> TempFile::keep_as(const std::string& path) {
  if (::rename(path_.c_str(), path.c_str()) != 0) return std::unexpected(path_error(path, errno));
  path_.clear();
  return {};
}

Result<void> sweep_temp_files(const std::string& folder) {
  for (const std::string& name : TRY(names_in(folder))) {
    if (!name.starts_with(kTempPrefix)) continue;
    const std::string path = folder + "/" + name;
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd && flock_retrying(fd.get(), LOCK_EX | LOCK_NB)) ::unlink(path.c_str());
  }
  return {};
}

Result<void> replace_file(const std::string& folder, const std::string& name,
                          std::string_view text) {
  TempFile file = TRY(TempFile::create(folder));
  if (const auto written = write_all(file.fd(), text); !written)
    return fail(ErrorCode::io, "{}/{}: {}", printable(folder), printable(name),
                written.error().message);
  ::fchmod(file.fd(), 0644);
  TRY(file.sync());
  TRY(file.keep_as(folder + "/" + name));
  return sync_folder(folder);
}

}  // namespace hearth::store
