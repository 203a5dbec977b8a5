// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/escape.h"

namespace hearth {

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void UniqueFd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

namespace {

struct Opened {
  UniqueFd fd;
  mode_t mode = 0;
};

Result<Opened> open_readable(const std::string& path, int flags) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  if (!fd) {
    const int error_number = errno;
    const bool missing = error_number == ENOENT || error_number == ENOTDIR;
    return fail(missing ? ErrorCode::not_found : ErrorCode::io, "{}: {}", printable(path),
                errno_text(error_number));
  }
  const auto status = file_status(fd.get());
  if (!status) return fail(ErrorCode::io, "{}: {}", printable(path), status.error().message);
  return Opened{std::move(fd), status->st_mode};
}

}  // namespace

Result<UniqueFd> open_for_read(const std::string& path) {
  // O_NONBLOCK keeps a FIFO under a model's name from hanging the open; regular files ignore it.
  Opened opened = TRY(open_readable(path, O_NONBLOCK));
  if (!S_ISREG(opened.mode))
    return fail(ErrorCode::integrity, "{}: not a regular file", printable(path));
  return std::move(opened.fd);
}

Result<struct stat> file_status(int fd) {
  struct stat status = {};
  // On both architectures the C library's structure is the kernel's.
  if (::syscall(SYS_fstat, fd, &status) != 0)
    return fail(ErrorCode::io, "fstat: {}", errno_text(errno));
  return status;
}

Result<std::uint64_t> file_size(int fd) {
  return static_cast<std::uint64_t>(TRY(file_status(fd)).st_size);
}

Result<void> check_free_space(const std::string& folder, std::uint64_t n_bytes) {
  struct statvfs status;
  if (::statvfs(folder.c_str(), &status) != 0) return {};
  const std::uint64_t n_free = std::uint64_t{status.f_bavail} * status.f_frsize;
  if (n_bytes <= n_free) return {};
  return fail(ErrorCode::io, "{}: {} bytes are needed and {} are free", printable(folder), n_bytes,
              n_free);
}

Result<std::string> read_all(int fd, std::size_t max_bytes) {
  std::string text;
  constexpr std::size_t kChunk = 64 * 1024;
  while (true) {
    const std::size_t old_size = text.size();
    text.resize(old_size + kChunk);
    const ssize_t n = ::read(fd, text.data() + old_size, kChunk);
    if (n < 0 && errno == EINTR) {
      text.resize(old_size);
      continue;
    }
    if (n < 0) return fail(ErrorCode::io, "read: {}", errno_text(errno));
    text.resize(old_size + static_cast<std::size_t>(n));
    if (n == 0) return text;
    if (text.size() > max_bytes)
      return fail(ErrorCode::does_not_fit, "the input is larger than {} bytes", max_bytes);
  }
}

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  const Opened opened = TRY(open_readable(path, 0));
  auto text = read_all(opened.fd.get(), max_bytes);
  if (!text) return fail(text.error().code, "{}: {}", printable(path), text.error().message);
  return text;
}

Result<void> write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(ErrorCode::io, "write: {}", errno_text(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> write_all(int fd, std::string_view text) {
  return write_all(fd, std::as_bytes(std::span(text)));
}

Result<void> read_at(int fd, std::uint64_t offset, std::span<std::byte> into) {
  while (!into.empty()) {
    const ssize_t n = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(ErrorCode::io, "{}", errno_text(errno));
    if (n == 0) return fail(ErrorCode::integrity, "the file shrank while it was being read");
    into = into.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

Result<void> write_at(int fd, std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(ErrorCode::io, "{}", errno_text(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

}  // namespace hearth
