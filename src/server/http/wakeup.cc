// SPDX-License-Identifier: Apache-2.0
#include "server/http/wakeup.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace hearth::server {

struct Wakeup::State {
  explicit State(const boost::asio::any_io_executor& executor) : timer(executor) {}

  boost::asio::steady_timer timer;
  bool is_woken = false;

  void wake() {
    is_woken = true;
    timer.cancel();
  }
};

Wakeup::Wakeup(const boost::asio::any_io_executor& executor)
    : state_(std::make_shared<State>(executor)) {}
Wakeup::~Wakeup() = default;

Task<bool> Wakeup::wait_until(Clock::time_point deadline) {
  const std::shared_ptr<State> state = state_;
  if (!state->is_woken) {
    state->timer.expires_at(deadline);
    co_await state->timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  co_return std::exchange(state->is_woken, false);
}

void Wakeup::wake() {
  state_->wake();
}

void Wakeup::forget() {
  state_->is_woken = false;
}

Waker Wakeup::waker() const {
  return [executor = state_->timer.get_executor(), weak = std::weak_ptr<State>(state_)] {
    boost::asio::post(executor, [weak] {
      if (const auto state = weak.lock()) state->wake();
    });
  };
}

}  // namespace hearth::server
