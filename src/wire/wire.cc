// SPDX-License-Identifier: Apache-2.0
#include "wire/wire.h"

namespace hearth::wire {
namespace {

template <class Message>
Result<std::string> encode_frame(const Message& message) {
  Encoder encoder;
  encoder.put(std::uint32_t{0});
  encoder.put(message);
  const bool fits = encoder.fits();
  std::string frame = encoder.take();
  const std::size_t size = frame.size() - kHeaderBytes;
  if (!fits || size > kMaxPayload)
    return fail(ErrorCode::does_not_fit, "a message of {} MiB is too large; the most are {} MiB",
                size >> 20, kMaxPayload >> 20);
  const auto length = static_cast<std::uint32_t>(size);
  std::memcpy(frame.data(), &length, sizeof length);
  return frame;
}

template <class Message>
Result<Message> decode_payload(std::string_view payload) {
  Message message;
  Decoder decoder(payload);
  if (!decoder.get(message) || !decoder.at_end())
    return fail(ErrorCode::integrity, "a message of {} bytes is malformed", payload.size());
  return message;
}

}  // namespace

Result<std::string> encode(const ToWorker& message) {
  return encode_frame(message);
}

Result<std::string> encode(const ToFront& message) {
  return encode_frame(message);
}

Result<std::size_t> frame_size(std::string_view header) {
  std::uint32_t size = 0;
  Decoder decoder(header);
  if (!decoder.get(size) || size == 0 || size > kMaxPayload)
    return fail(ErrorCode::integrity, "a frame of {} bytes", size);
  return size;
}

Result<ToWorker> decode_to_worker(std::string_view payload) {
  return decode_payload<ToWorker>(payload);
}

Result<ToFront> decode_to_front(std::string_view payload) {
  return decode_payload<ToFront>(payload);
}

}  // namespace hearth::wire
