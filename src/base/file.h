// SPDX-License-Identifier: Apache-2.0
//
// Owned file descriptors and the few file operations that several folders need. Paths are opened
// here and in store and apps alone: format and text take descriptors or bytes, never paths.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"

namespace hearth {

// Owns one descriptor and closes it. Movable, not copyable; any thread.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();
  // Gives the descriptor up to the caller.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// Opens a regular file for reading (O_CLOEXEC). not_found if it is missing, io otherwise; a
// directory, pipe or device is refused. Never blocks on a FIFO.
Result<UniqueFd> open_for_read(const std::string& path);

// What the system knows of an open file: io if nothing. By the system call of that name: the C
// library's fstat may ask for the status of a path instead (glibc before 2.39), an empty one, and a
// confined process may ask for the status of no path.
Result<struct stat> file_status(int fd);

// The size in bytes of an open regular file.
Result<std::uint64_t> file_size(int fd);

// Refuses (io) what a folder's file system has no room for. Where it does not tell, the write will.
Result<void> check_free_space(const std::string& folder, std::uint64_t n_bytes);

// Reads a whole file or stream, refusing more than max_bytes (does_not_fit). The path may be that
// of a pipe or a device, as a shell's <(command) is: the caller is a person who named it.
Result<std::string> read_all(int fd, std::size_t max_bytes);
Result<std::string> read_file(const std::string& path, std::size_t max_bytes);

// Writes every byte, resuming after short writes and EINTR. io on failure (EPIPE included).
Result<void> write_all(int fd, std::span<const std::byte> bytes);
Result<void> write_all(int fd, std::string_view text);

// Reads or writes all of these bytes at an offset, past which the file's own position does not
// move. io; integrity when the file ends before.
Result<void> read_at(int fd, std::uint64_t offset, std::span<std::byte> into);
Result<void> write_at(int fd, std::uint64_t offset, std::span<const std::byte> bytes);

}  // namespace hearth
