// SPDX-License-Identifier: Apache-2.0
//
// A bounded queue between threads: requests go down to the engine and events come up through it.
// Any number of producers and consumers. A full queue makes push() wait, so a slow reader slows its
// producer down instead of growing memory; try_push() is for producers that must not wait.
//
// close() ends the traffic: pushes are refused from then on, pops hand out what is left and then
// return nothing. It is how either side says that it is gone, and may be called more than once.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace hearth {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity == 0 ? 1 : capacity) {}

  // Waits for room. False when the queue is closed or stop was requested: the item is then dropped.
  [[nodiscard]] bool push(T item, const std::stop_token& stop = {}) {
    std::unique_lock lock(mutex_);
    const bool may_go_on =
        not_full_.wait(lock, stop, [&] { return closed_ || items_.size() < capacity_; });
    if (!may_go_on || closed_) return false;
    items_.push_back(std::move(item));
    lock.unlock();
    not_empty_.notify_one();
    return true;
  }

  // False when the queue is full or closed: the item is then untouched.
  [[nodiscard]] bool try_push(T& item) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || items_.size() >= capacity_) return false;
      items_.push_back(std::move(item));
    }
    not_empty_.notify_one();
    return true;
  }

  // Waits for an item. Nothing when stop was requested, or when the queue is closed and empty. An
  // item that is already there is handed out even after a stop.
  [[nodiscard]] std::optional<T> pop(const std::stop_token& stop = {}) {
    std::unique_lock lock(mutex_);
    not_empty_.wait(lock, stop, [&] { return closed_ || !items_.empty(); });
    return take(lock);
  }

  // The same, but gives up after a while.
  template <class Duration>
  [[nodiscard]] std::optional<T> pop_for(Duration patience) {
    std::unique_lock lock(mutex_);
    not_empty_.wait_for(lock, patience, [&] { return closed_ || !items_.empty(); });
    return take(lock);
  }

  // An item if one is there now.
  [[nodiscard]] std::optional<T> try_pop() {
    std::unique_lock lock(mutex_);
    return take(lock);
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    not_full_.notify_all();
    not_empty_.notify_all();
  }

  [[nodiscard]] bool is_closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  std::optional<T> take(std::unique_lock<std::mutex>& lock) {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    lock.unlock();
    not_full_.notify_one();
    return item;
  }

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable_any not_full_;
  std::condition_variable_any not_empty_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace hearth
