// SPDX-License-Identifier: Apache-2.0
//
// The file of keys on the disk.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/escape.h"
#include "base/file.h"
#include "server/keys.h"

namespace hearth::server {
namespace {

constexpr std::size_t kMaxKeyFile = std::size_t{8} << 20;
constexpr mode_t kOwnerOnly = 0600;

std::unexpected<Error> key_file_error(const std::string& path, int error_number) {
  return fail(ErrorCode::io, "{}: {}", printable(path), errno_text(error_number));
}

// Writes beside the file, then takes its place. The caller has the lock, so the temporary name is
// free, but for what a killed process left.
Result<void> replace_key_file(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".new";
  (void)::unlink(temporary.c_str());
  const UniqueFd fd(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly));
  if (!fd) return key_file_error(temporary, errno);
  auto written = write_all(fd.get(), text);
  if (written && ::fsync(fd.get()) != 0) written = key_file_error(temporary, errno);
  if (written && std::rename(temporary.c_str(), path.c_str()) != 0)
    written = key_file_error(path, errno);
  if (!written) {
    (void)::unlink(temporary.c_str());
    return written;
  }
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd folder_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_fd || ::fsync(folder_fd.get()) != 0) return key_file_error(folder, errno);
  return {};
}

}  // namespace

Result<KeyList> read_key_file(const std::string& path) {
  const auto text = read_file(path, kMaxKeyFile);
  if (!text && text.error().code == ErrorCode::not_found) return KeyList();
  if (!text) return std::unexpected(text.error());
  auto keys = parse_keys(*text);
  if (!keys) return fail(keys.error().code, "{}: {}", printable(path), keys.error().message);
  return keys;
}

Result<void> update_key_file(const std::string& path,
                             const std::function<Result<void>(KeyList&)>& change) {
  const std::string lock_path = path + ".lock";
  const UniqueFd lock(
      ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly));
  if (!lock) return key_file_error(lock_path, errno);
  while (::flock(lock.get(), LOCK_EX) != 0)
    if (errno != EINTR) return key_file_error(lock_path, errno);
  KeyList keys = TRY(read_key_file(path));
  TRY(change(keys));
  return replace_key_file(path, to_text(keys));
}

}  // namespace hearth::server
