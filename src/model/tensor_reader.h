// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a model's tensors, piece by piece, for copying or packing them: where the file is
// mapped, or read into a buffer (LoadMode::none), past the page cache if asked (O_DIRECT; a file
// system that cannot do it is read as usual). One thread.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/error.h"
#include "format/gguf.h"
#include "model/page_memory.h"

namespace hearth::model {

// O_DIRECT takes offsets, sizes and addresses that are multiples of the device's block; a page is
// one on every device of today.
inline constexpr std::size_t kDirectAlignment = 4096;

// While it lives, reads of the descriptor pass the page cache by, if the file system can do that.
class DirectReads {
 public:
  DirectReads(int fd, bool wanted);
  ~DirectReads();
  DirectReads(const DirectReads&) = delete;
  DirectReads& operator=(const DirectReads&) = delete;

 private:
  int fd_ = -1;  // -1: nothing to undo
  int flags_ = 0;
};

class TensorReader {
 public:
  // Descriptors of the shards; none: what is mapped is used. They outlive the reader.
  TensorReader(std::vector<int> shard_fds, bool direct);

  // Bytes [begin, begin + n) of the tensor, valid until the next call.
  Result<std::span<const std::byte>> read(const format::Tensor& tensor, std::size_t begin,
                                          std::size_t n);
  // The first `end` bytes will not be read again: mapped ones stop counting as our memory.
  static void release(const format::Tensor& tensor, std::size_t end);

 private:
  std::vector<int> fds_;
  bool direct_;
  PageMemory buffer_;
};

}  // namespace hearth::model
