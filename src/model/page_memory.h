// SPDX-License-Identifier: Apache-2.0
//
// Anonymous zeroed pages, freed on destruction. Pages appear when first touched.
#pragma once

#include <cstddef>

#include "base/error.h"

namespace hearth::model {

// The page of the smallest size: what files are aligned to and memory is touched by.
inline constexpr std::size_t kSmallPage = 4096;
// What two workers must not both write to, and where rows and panels begin.
inline constexpr std::size_t kCacheLine = 64;

class PageMemory {
 public:
  // Small pages, or huge ones where the system gives them: for memory that is read again and again
  // from end to end.
  enum class Pages { small, huge };

  PageMemory() = default;
  // does_not_fit when address space is short.
  static Result<PageMemory> allocate(std::size_t bytes, Pages pages = Pages::small);
  PageMemory(PageMemory&& other) noexcept;
  PageMemory& operator=(PageMemory&& other) noexcept;
  ~PageMemory();
  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace hearth::model
