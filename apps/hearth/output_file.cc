// SPDX-License-Identifier: Apache-2.0
#include "output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/escape.h"
#include "process.h"

namespace hearth::app {

Result<OutputFile> OutputFile::create(const std::string& path) {
  OutputFile file;
  file.path_ = path;
  if (path == "-") {
    file.fd_ = UniqueFd(::dup(STDOUT_FILENO));
    return file;
  }
  struct stat status;
  const bool in_place = ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  std::string target = path;
  if (!in_place) target = file.temporary_ = fmt::format("{}.{}.part", path, ::getpid());
  file.fd_ = UniqueFd(
      ::open(target.c_str(), O_WRONLY | O_CREAT | (in_place ? 0 : O_EXCL) | O_CLOEXEC, 0666));
  if (!file.fd_) {
    const int error_number = errno;
    file.temporary_.clear();
    return fail(ErrorCode::io, "{}: {}", printable(path), errno_text(error_number));
  }
  return file;
}

OutputFile::~OutputFile() {
  if (fd_ && !temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> OutputFile::write(std::span<const std::byte> bytes) {
  auto written = write_all(fd_.get(), bytes);
  if (!written) return fail(ErrorCode::io, "{}: {}", printable(path_), written.error().message);
  return {};
}

Result<void> OutputFile::commit() {
  if (!temporary_.empty()) {
    if (::rename(temporary_.c_str(), path_.c_str()) != 0)
      return fail(ErrorCode::io, "{}: {}", printable(path_), errno_text(errno));
    temporary_.clear();
  }
  fd_.reset();
  return {};
}

}  // namespace hearth::app
