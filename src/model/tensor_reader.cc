// SPDX-License-Identifier: Apache-2.0
#include "model/tensor_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "base/escape.h"
#include "base/mapped_file.h"

namespace hearth::model {

DirectReads::DirectReads(int fd, bool wanted) {
  if (!wanted) return;
  flags_ = ::fcntl(fd, F_GETFL);
  if (flags_ >= 0 && ::fcntl(fd, F_SETFL, flags_ | O_DIRECT) == 0) fd_ = fd;
}

DirectReads::~DirectReads() {
  if (fd_ >= 0) static_cast<void>(::fcntl(fd_, F_SETFL, flags_));
}

TensorReader::TensorReader(std::vector<int> shard_fds, bool direct)
    : fds_(std::move(shard_fds)), direct_(direct) {}

Result<std::span<const std::byte>> TensorReader::read(const format::Tensor& tensor,
                                                      std::size_t begin, std::size_t n) {
  if (tensor.shard >= fds_.size()) return tensor.bytes.subspan(begin, n);
  const int fd = fds_[tensor.shard];
  const std::uint64_t at = tensor.file_offset + begin;
  const std::uint64_t first = at / kDirectAlignment * kDirectAlignment;
  const auto lead = static_cast<std::size_t>(at - first);
  const std::size_t whole = (lead + n + kDirectAlignment - 1) / kDirectAlignment * kDirectAlignment;
  if (buffer_.size() < whole) buffer_ = TRY(PageMemory::allocate(whole));
  std::optional<DirectReads> direct(std::in_place, fd, direct_);
  // The last block of a file may be a part of one: what is needed of it is there all the same.
  std::size_t got = 0;
  while (got < lead + n) {
    const ssize_t more =
        ::pread(fd, buffer_.data() + got, whole - got, static_cast<off_t>(first + got));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0 && errno == EINVAL && direct_) {  // larger blocks than a page: read as usual
      direct.reset();
      direct_ = false;
      continue;
    }
    if (more < 0) return fail(ErrorCode::io, "{}: {}", printable(tensor.name), errno_text(errno));
    if (more == 0)
      return fail(ErrorCode::integrity, "{}: the file shrank while it was being read",
                  printable(tensor.name));
    got += static_cast<std::size_t>(more);
  }
  return std::span<const std::byte>(buffer_.data() + lead, n);
}

void TensorReader::release(const format::Tensor& tensor, std::size_t end) {
  release_mapped_pages(tensor.bytes.first(end));
}

}  // namespace hearth::model
