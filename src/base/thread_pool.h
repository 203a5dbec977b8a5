// SPDX-License-Identifier: Apache-2.0
//
// A fork-join pool for compute: one caller, n - 1 helpers, one job at a time.
//
// run() splits nothing itself: it calls task(worker) once on every worker, the caller being worker
// 0, and returns when all are done. Between jobs helpers spin for a short, bounded time, then sleep
// on a futex; a helper whose partner was descheduled therefore never burns the partner's core. With
// more workers than CPUs nobody spins: a spinning thread would keep a working one from its CPU.
// Memory effects of a job are visible to the caller when run() returns.
//
// resize() shrinks or grows the pool and park() lets every helper sleep at once; both are called by
// the thread that calls run(), between jobs. Nothing here is process-wide.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace hearth {

// A borrowed callable: no allocation, valid during the call it is passed to.
class TaskRef {
 public:
  template <class F>
  TaskRef(F& f)  // NOLINT: implicit on purpose, as in std::function_ref
      : object_(&f),
        call_([](void* object, unsigned worker) { (*static_cast<F*>(object))(worker); }) {}
  void operator()(unsigned worker) const { call_(object_, worker); }

 private:
  void* object_;
  void (*call_)(void*, unsigned);
};

class ThreadPool {
 public:
  // n_cpus: how many CPUs this process may really use. The quota of a container shows in no
  // affinity mask, so whoever knows of one tells it here; 0 goes by the mask alone.
  explicit ThreadPool(unsigned n_workers, unsigned n_cpus = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  unsigned size() const;
  // Whether those who wait spin before they sleep.
  bool may_spin() const;
  void run(TaskRef task);
  void resize(unsigned n_workers);
  void park();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A shared counter that hands out ranges [begin, end) of items to workers, a grain at a time: the
// slowest core then takes less instead of holding everybody up. Reset between jobs.
class WorkQueue {
 public:
  void reset(std::size_t n_items, std::size_t grain) {
    n_items_ = n_items;
    grain_ = grain == 0 ? 1 : grain;
    next_.store(0, std::memory_order_relaxed);
  }
  // False when nothing is left.
  bool take(std::size_t& begin, std::size_t& end) {
    begin = next_.fetch_add(grain_, std::memory_order_relaxed);
    if (begin >= n_items_) return false;
    end = begin + grain_ < n_items_ ? begin + grain_ : n_items_;
    return true;
  }

 private:
  std::atomic<std::size_t> next_{0};
  std::size_t n_items_ = 0;
  std::size_t grain_ = 1;
};

}  // namespace hearth
