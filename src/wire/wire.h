// SPDX-License-Identifier: Apache-2.0
//
// The wire between front and worker: messages (messages.h) as frames of bytes. A frame is the
// length of its payload, 32 bits little-endian, and the payload, the message as codec.h writes it.
//
// encode() cannot fail for what our own side says, save for its size: a message too large for a
// frame is refused before it is sent. decode() takes a whole payload and refuses everything that
// encode() could not have written. Channel is for sides that may block; the front reads frames in
// its own way, with frame_size().
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "wire/messages.h"

namespace hearth::wire {

inline constexpr std::size_t kHeaderBytes = 4;
// Holds the largest prompt that the front lets in, and is what a hostile side can make us hold.
inline constexpr std::size_t kMaxPayload = std::size_t{64} << 20;

// A whole frame. does_not_fit when the message is too large for one.
Result<std::string> encode(const ToWorker& message);
Result<std::string> encode(const ToFront& message);

// The payload's size, from the first kHeaderBytes of a frame. integrity when it is 0 or too large.
Result<std::size_t> frame_size(std::string_view header);

// integrity: not a message.
Result<ToWorker> decode_to_worker(std::string_view payload);
Result<ToFront> decode_to_front(std::string_view payload);

}  // namespace hearth::wire
