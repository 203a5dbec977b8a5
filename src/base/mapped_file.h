// SPDX-License-Identifier: Apache-2.0
//
// A whole file mapped read-only from a descriptor that the caller opened. The mapping stays valid
// after the descriptor is closed. Movable; reading is safe from any thread.
//
// A file that shrinks under its mapping raises SIGBUS at the first touch of a lost page. Programs
// call install_mapping_guard() once at start: the handler finds the mapping by the faulting
// address, writes one sentence with the file's name to standard error and leaves with exit code 4.
// It is the one piece of process-wide state beside the kernel table, because signals are
// (docs/decisions).
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/error.h"

namespace hearth {

class MappedFile {
 public:
  // Maps the regular file behind fd. name is what messages call it (the path as the user gave it).
  // An empty file maps to an empty span. Fails with io, or does_not_fit when address space is
  // short.
  static Result<MappedFile> map(int fd, std::string name);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& name() const { return name_; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  int guard_slot_ = -1;  // index in the table that the SIGBUS handler reads
  std::string name_;
};

void install_mapping_guard();

// Whole pages of these bytes that lie in a MappedFile stop counting as this process's memory; they
// come back, from the page cache or the disk, when they are read again. Bytes elsewhere are left.
void release_mapped_pages(std::span<const std::byte> bytes);

}  // namespace hearth
