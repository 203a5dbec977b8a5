// SPDX-License-Identifier: Apache-2.0
//
// `hearth serve` as a child process, its confined worker, and clients that say exactly what they
// are told. For tests alone; failures of the system abort.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/json.h"

namespace hearth::test {

inline constexpr std::chrono::seconds kServerPatience{60};  // far more than anything here takes

struct ServerSetup {
  std::vector<std::string> flags = {};
  std::function<void()> in_child = {};  // before the program starts
  bool disk_is_full = false;            // nothing can be written to its standard error
};

class ServerProcess {
 public:
  // Serves the tiny model, and returns when it does.
  explicit ServerProcess(const ServerSetup& setup);
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess();

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::uint16_t port() const { return port_; }
  pid_t front() const { return front_; }
  pid_t worker() const;  // 0 while there is none
  // Whether this metric has this value, now.
  bool has_metric(const std::string& name, double value) const;
  // SIGTERM; its exit status.
  int stop();

 private:
  void await_port();    // from what it says
  void await_health();  // where it can say nothing

  pid_t front_ = 0;
  UniqueFd errors_;  // what it says; nobody reads on after it has told its port
  std::string said_;
  std::uint16_t port_ = 0;
};

// The resident memory of a process, and how many threads it has.
std::uint64_t resident_bytes(pid_t process);
std::uint64_t thread_count(pid_t process);

class Client {
 public:
  explicit Client(std::uint16_t port);

  void send(std::string_view text) const;
  // A request on a connection that stays.
  void post(const std::string& path, const Json& body) const;
  void half_close() const;
  void reset();  // RST instead of an orderly end
  void close() { fd_.reset(); }
  // Reads until the text is there; false if the other side ends first.
  bool read_until(std::string_view text);
  // Everything to the end of a response whose connection stays; empty if the other side ends first.
  std::string read_answer();
  const std::string& received() const { return received_; }

 private:
  bool read_some();

  UniqueFd fd_;
  std::string received_;
};

// "200" of "HTTP/1.1 200 OK..."; 0 for what is no response.
int status_of(std::string_view response);
Json body_of(const std::string& response);

// True once the condition holds; false if it does not in time.
bool comes_true(const std::function<bool()>& condition);

}  // namespace hearth::test
