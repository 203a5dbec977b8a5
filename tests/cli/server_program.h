// SPDX-License-Identifier: Apache-2.0
//
// `hearth serve` as a process of a test: started, heard, asked, signalled. Killed with its test.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "server/http/test_client.h"

namespace hearth::test {

struct ServerInvocation {
  std::vector<std::string> args;              // behind "serve"
  std::vector<std::string> environment = {};  // "NAME=value"; HEARTH_HOME is a scratch folder
  int listen_fd = -1;                         // handed over as systemd does
  std::function<void()> before_start = {};    // in the child
};

class ServerProgram {
 public:
  explicit ServerProgram(const ServerInvocation& invocation);
  ~ServerProgram();
  ServerProgram(const ServerProgram&) = delete;
  ServerProgram& operator=(const ServerProgram&) = delete;

  // Until it has written that to standard error; false at its end, or after a minute.
  bool hears(std::string_view text);
  // The same, that often.
  bool hears(std::string_view text, int n_times);
  const std::string& said() const { return said_; }

  pid_t pid() const { return process_; }
  // Of the i-th "is served at http://HOST:PORT", which it waits for.
  std::uint16_t port(int i = 0);
  server::test::TestClient client(int i = 0) { return server::test::TestClient(port(i)); }

  // The processes of its models.
  std::vector<pid_t> workers() const;
  void signal(int number) const;
  void signal_workers(int number) const;
  // Sends the signal, waits, and gives the exit status; 128 + signal if one ended it.
  int stop(int number);

 private:
  bool hear(std::chrono::steady_clock::time_point deadline);

  pid_t process_ = 0;
  UniqueFd errors_;
  std::string said_;
};

// The text of a request that closes its connection; body may be empty.
std::string http_request(std::string_view what, const std::string& body = {},
                         std::string_view headers = {});
// A chat of one short message.
std::string chat_body(const std::string& rest = {});

}  // namespace hearth::test
