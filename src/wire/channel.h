// SPDX-License-Identifier: Apache-2.0
//
// Frames over a Unix stream socket, with descriptors beside them, for sides that may block. The
// other side may send anything: what is no frame ends the conversation with an error, and
// descriptors that nobody asked for are closed.
#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"

namespace hearth::wire {

inline constexpr std::size_t kMaxDescriptors = 253;  // the kernel's bound for one message

struct Received {
  std::string payload;
  std::vector<UniqueFd> descriptors;  // close-on-exec
};

class Channel {
 public:
  explicit Channel(UniqueFd socket) : socket_(std::move(socket)) {}

  // A pair of ends, both close-on-exec. io.
  static Result<std::pair<UniqueFd, UniqueFd>> make_pair();

  // A frame of wire::encode, whole or not at all. Any thread. io: the other side is gone, or does
  // not read.
  Result<void> send(std::string_view frame, std::span<const int> descriptors = {});

  // The next frame's payload; nothing when the other side has closed between two frames. One thread
  // at a time. integrity: not a frame. io: closed in the middle of one.
  Result<std::optional<Received>> receive();

  // Wakes a thread that receives, which then finds the conversation at its end. Any thread.
  void shut_down();

 private:
  Result<bool> receive_header(char* header, std::vector<UniqueFd>& descriptors);

  UniqueFd socket_;
  std::mutex sending_;
};

}  // namespace hearth::wire
