// SPDX-License-Identifier: Apache-2.0
//
// Many HTTP requests at once on one thread, through libcurl's multi interface. Connections are kept
// and used again; HTTP/1.1, so that each stream has a connection to itself on every server.
//
// Proxies come from the environment, as libcurl reads it, but for servers on this machine.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::traffic {

using TransferId = std::uint64_t;

struct ClientOptions {
  std::vector<std::string> headers;  // "Name: value", sent with each request
  std::size_t max_connections = 1;   // kept for later requests
};

struct TransferEnd {
  int status = 0;       // of the response; 0: there was none
  std::string failure;  // why it did not come to its end, in libcurl's words; empty: it did
};

struct TransferEvents {
  // Part of a response's body, as it comes.
  std::function<void(TransferId, int status, std::string_view bytes)> bytes;
  std::function<void(TransferId, const TransferEnd&)> end;
};

// One thread. begin() and drop() may be called from `end`, not from `bytes`.
class Client {
 public:
  Client(const ClientOptions& options, TransferEvents events);
  ~Client();  // drops what runs
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // A POST of JSON; a GET if there is no body. The id is free of meaning here, and not in use.
  void begin(TransferId id, const std::string& url, std::string body);
  // Hangs up, and calls nobody.
  void drop(TransferId id);
  // Moves bytes for so long at most; returns as soon as something has happened.
  void run(std::chrono::milliseconds most);

  std::size_t n_active() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hearth::traffic
