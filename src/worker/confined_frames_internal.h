// SPDX-License-Identifier: Apache-2.0
//
// What a confined child sends to the process that waits for it: any number of progress frames, then
// one answer. A frame is its kind (one byte), its length (8 bytes, little-endian) and its payload.
// The reader believes nothing: the child may be in somebody else's hands.
//
//   'p' | 16 | done, total      'r' | n | the answer      1 + code | n | an error's message
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hearth::worker {

std::string progress_frame(std::uint64_t done, std::uint64_t total);
// Kind and length of the answer; its bytes, or its error's message, follow.
std::string answer_head(const Result<std::string>& answer);

class FrameReader {
 public:
  explicit FrameReader(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // The next bytes that came. False if they cannot be: an unknown kind, a payload beyond the bound,
  // anything behind the answer.
  bool take(std::string_view bytes,
            const std::function<void(std::uint64_t, std::uint64_t)>& on_progress);
  // The answer once it is whole; moved out.
  std::optional<Result<std::string>> answer();

 private:
  std::size_t max_bytes_;
  std::string pending_;
};

}  // namespace hearth::worker
