// SPDX-License-Identifier: Apache-2.0
//
// Every bound of the HTTP front in one place. Nothing that a client sends or fails to send may take
// more memory or time than stands here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hearth::server {

struct HttpLimits {
  std::uint32_t max_header_bytes = 16 * 1024;          // request line and header fields; 431 above
  std::size_t max_headers = 100;                       // 431 above
  std::size_t max_target_bytes = 4 * 1024;             // path and query; 414 above
  std::size_t max_body_bytes = std::size_t{32} << 20;  // 413 above
  std::size_t max_total_body_bytes = std::size_t{256} << 20;  // of all bodies held; 503 above
  std::size_t max_pipelined_bytes = 64 * 1024;  // that a client may send ahead while it is answered
  std::size_t max_unsent_bytes = 512 * 1024;    // of a stream; a reader slower than that is dropped
  std::size_t max_connections = 2048;           // 503 above
  std::size_t max_requests = 10'000;            // on one connection
  std::size_t max_handshakes = 512;  // of TLS that are not done; more connections are closed

  std::chrono::milliseconds handshake{10'000};  // from a connection to the end of TLS's handshake
  std::chrono::milliseconds idle{75'000};       // between requests
  std::chrono::milliseconds header{10'000};  // from the first byte of a request to its last header
  std::chrono::milliseconds body{60'000};    // from there to the end of its body
  std::chrono::milliseconds write{30'000};   // without the client taking a byte
  std::chrono::milliseconds linger{1'000};   // for a refused client to read why
  std::chrono::milliseconds drain_read{2'000};  // for a request to arrive whole, once draining
};

}  // namespace hearth::server
