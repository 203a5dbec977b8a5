// SPDX-License-Identifier: Apache-2.0
//
// What a service manager is told (sd_notify(3)): that we are ready, what we do, and, where it
// watches, that we still get on. A protocol of lines over a datagram socket, spoken here without
// libsystemd. Does nothing where nobody listens. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "server/model_worker.h"

namespace hearth::server {

class ServiceManager {
 public:
  // Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment.
  ServiceManager();

  void notify(std::string_view lines);
  void notify_reloading();
  // Says that all is well, if it is: of a worker without requests that is always so, of one with
  // requests if its layers have advanced since the last time. As often as the watchdog asks, no
  // more. The workers are the same ones, in the same order, each time.
  void ping(std::span<const WorkerFacts> workers);

 private:
  UniqueFd socket_;
  std::optional<std::chrono::microseconds> interval_;
  std::chrono::steady_clock::time_point last_ping_;
  std::vector<std::uint64_t> last_progress_;  // of each worker
};

}  // namespace hearth::server
