// SPDX-License-Identifier: Apache-2.0
//
// What a test can tell of a server that runs, from outside: its metrics, its memory, its threads.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/file.h"
#include "server_program.h"

namespace hearth::test {

// True once the condition holds; false if it does not within a minute.
template <class Condition>
bool comes_true(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::usleep(5000);
  }
  return true;
}

// Whether the metric of the only model has this value, now.
inline bool has_metric(std::uint16_t port, const std::string& name, double value) {
  server::test::TestClient client(port);
  const std::string text = "\n" + client.ask(http_request("GET /metrics")).body;
  const std::size_t at = text.find("\n" + name + "{");
  const std::size_t end = text.find("} ", at);
  return at != std::string::npos && end != std::string::npos &&
         std::strtod(&text[end + 2], nullptr) == value;
}

// The number behind a label in /proc/PID/status.
inline std::uint64_t status_number(pid_t process, const std::string& label) {
  const std::string text =
      read_file("/proc/" + std::to_string(process) + "/status", 1 << 16).value_or("");
  const std::size_t at = text.find("\n" + label + ":");
  return at == std::string::npos ? 0 : std::strtoull(&text[at + label.size() + 2], nullptr, 10);
}
inline std::uint64_t resident_bytes(pid_t process) {
  return status_number(process, "VmRSS") * 1024;
}
inline std::uint64_t thread_count(pid_t process) {
  return status_number(process, "Threads");
}

}  // namespace hearth::test
