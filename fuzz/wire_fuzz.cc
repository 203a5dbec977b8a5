// SPDX-License-Identifier: Apache-2.0
//
// The first byte says whose message it is. What is accepted means one thing: written again, it is
// the same bytes.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "wire/wire.h"

using hearth::wire::kHeaderBytes;

template <class Message>
void check_exact(const hearth::Result<Message>& message, std::string_view payload) {
  if (!message) return;
  const auto frame = encode(*message);
  CHECK(frame);
  CHECK(std::string_view(*frame).substr(kHeaderBytes) == payload);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string_view payload = bytes.substr(1);
  if (data[0] % 2 == 0) {
    check_exact(hearth::wire::decode_to_worker(payload), payload);
  } else {
    check_exact(hearth::wire::decode_to_front(payload), payload);
  }
  static_cast<void>(hearth::wire::frame_size(payload.substr(0, kHeaderBytes)));
  return 0;
}
