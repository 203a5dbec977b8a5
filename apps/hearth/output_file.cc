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
  if (in_place) {
    file.fd_ = UniqueFd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  } else {
    file.open_new();
  }
  if (!file.fd_) return fail(ErrorCode::io, "{}: {}", printable(path), errno_text(errno));
  return file;
}

void OutputFile::open_new() {
  temporary_ = fmt::format("{}.{}.part", path_, ::getpid());
  const std::size_t slash = path_.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
  fd_ = UniqueFd(::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666));
  if (fd_ || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) return;
  fd_ = UniqueFd(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  named_ = static_cast<bool>(fd_);
}

OutputFile::~OutputFile() {
  if (fd_ && named_) ::unlink(temporary_.c_str());
}

Result<void> OutputFile::write(std::span<const std::byte> bytes) {
  auto written = write_all(fd_.get(), bytes);
  if (!written) return fail(ErrorCode::io, "{}: {}", printable(path_), written.error().message);
  return {};
}

Result<void> OutputFile::commit() {
  if (!temporary_.empty()) {
    // A link cannot replace a file, a rename can.
    const std::string unnamed = fmt::format("/proc/self/fd/{}", fd_.get());
    if (!named_ &&
        ::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) != 0)
      return fail(ErrorCode::io, "{}: {}", printable(path_), errno_text(errno));
    named_ = true;
    if (::rename(temporary_.c_str(), path_.c_str()) != 0)
      return fail(ErrorCode::io, "{}: {}", printable(path_), errno_text(errno));
    named_ = false;
  }
  fd_.reset();
  return {};
}

}  // namespace hearth::app
