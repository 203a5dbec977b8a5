// SPDX-License-Identifier: Apache-2.0
//
// The process of a worker: this very program, started anew so that nothing of the front's memory is
// in it, with one end of a socket pair and an environment of a few harmless variables. It is in a
// process group of its own, so that Ctrl-C reaches the front alone, and ends by itself when the
// front's end of the socket is closed.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "wire/messages.h"

namespace hearth::server {

// The descriptor at which a worker finds its socket.
inline constexpr int kWorkerSocket = 3;

// How to start one: the words of the command, and the variables that it may see.
struct WorkerCommand {
  std::string program = "/proc/self/exe";
  std::vector<std::string> arguments = {"hearth", "worker"};
};

class WorkerProcess {
 public:
  // Starts it, and says Hello and Load with these descriptors beside it: takes no longer than the
  // new process takes to begin reading. io.
  static Result<WorkerProcess> start(const WorkerCommand& command, const wire::Load& load,
                                     std::span<const UniqueFd> files);

  WorkerProcess(WorkerProcess&&) noexcept = default;
  WorkerProcess& operator=(WorkerProcess&& other) noexcept;
  ~WorkerProcess();  // kills and reaps it, if it still is

  // The front's end, once.
  UniqueFd take_socket() { return std::move(socket_); }

  void kill();  // any thread
  // Waits for its end, which comes by force after a while, and says how it ended in words: "was
  // killed by signal 9 (Killed)".
  std::string reap_within(std::chrono::milliseconds patience);

 private:
  WorkerProcess() = default;

  UniqueFd socket_, pid_fd_;
  bool is_reaped_ = true;
};

}  // namespace hearth::server
