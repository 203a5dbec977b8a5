// SPDX-License-Identifier: Apache-2.0
//
// How a coroutine waits for something that happens elsewhere: in another thread, another
// connection, or nowhere until a deadline. A wake that comes while nobody waits is kept for the
// next wait, so "look, then wait" loses nothing; wakes may also be spurious, so look again.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "server/http/task.h"

namespace hearth::server {

// Wakes the coroutine it came from. Any thread; does nothing once that is gone. Not to be called
// after the HttpServer has ended.
using Waker = std::function<void()>;

class Wakeup {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Wakeup(const boost::asio::any_io_executor& executor);
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  // True when woken, false when the deadline passed first. One coroutine at a time.
  Task<bool> wait_until(Clock::time_point deadline);
  // From the I/O thread.
  void wake();
  // Drops a wake that nobody waited for.
  void forget();
  // For other threads.
  Waker waker() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hearth::server
