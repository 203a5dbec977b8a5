// SPDX-License-Identifier: Apache-2.0
#include "model/page_memory.h"

#include <sys/mman.h>

#include <utility>

namespace hearth::model {

Result<PageMemory> PageMemory::allocate(std::size_t bytes, Pages pages) {
  PageMemory memory;
  if (bytes == 0) return memory;
  void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED)
    return fail(ErrorCode::does_not_fit, "cannot allocate {} MiB of memory", bytes >> 20);
  memory.data_ = static_cast<std::byte*>(data);
  memory.size_ = bytes;
  // A wish: a system without huge pages gives small ones.
  if (pages == Pages::huge) static_cast<void>(::madvise(data, bytes, MADV_HUGEPAGE));
  return memory;
}

PageMemory::PageMemory(PageMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

PageMemory& PageMemory::operator=(PageMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

PageMemory::~PageMemory() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace hearth::model
