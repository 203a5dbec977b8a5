// SPDX-License-Identifier: Apache-2.0
//
// A fork-join pool for compute: one caller, n - 1 helpers, one job at a time.
//
// run() calls task(worker) once on every worker, the caller being worker 0. share() needs nobody
// but the caller: helpers join while it works, and one that has no CPU just then is not waited for,
// so the task must hand out its work itself (WorkQueue, WorkShares). Both return when all who took
// part are done, and what they wrote is then visible to the caller.
//
// Between jobs those who wait spin for a short, bounded time, then sleep on a futex; nobody spins
// where there are more workers than CPUs: that would keep a working thread from its CPU.
//
// All calls come from one thread, between jobs. Nothing here is process-wide.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

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

// Long enough to bridge the gap between two jobs of one token, short enough that a thread whose
// partner lost its CPU gives its own back within a small part of a scheduler slice.
inline constexpr std::chrono::microseconds kDefaultSpin{40};

// How many workers compute, where, and how they wait.
struct Crew {
  unsigned n_workers = 1;
  // Worker i stays on the CPUs cpus[i % cpus.size()]; empty: all go wherever the process may.
  std::vector<std::vector<unsigned>> cpus;
  std::chrono::microseconds spin = kDefaultSpin;  // 0: none
  std::optional<int> nice;                        // none, or not permitted: as the process started

  bool is_placed() const { return !cpus.empty() || nice; }
  bool operator==(const Crew&) const = default;
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
  void share(TaskRef task);
  // Jobs that were given to helpers so far: each is a fork and a join.
  std::uint64_t n_jobs() const;

  // Lets another crew compute. Threads that it does not need sleep until a later one does. The
  // calling thread is worker 0 and is placed like any other.
  void use(const Crew& crew);
  // The same crew with that many workers; threads that are too many end.
  void resize(unsigned n_workers);
  // Every helper sleeps at once.
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

// Calls body(item, worker) for every item of [0, n): whoever is free takes the next `grain` items.
// A single grain, or a pool of one, is the caller's alone.
template <class Body>
void for_each_item(ThreadPool& pool, std::size_t n, std::size_t grain, Body&& body) {
  if (n <= grain || pool.size() == 1) {
    for (std::size_t item = 0; item < n; ++item) body(item, 0u);
    return;
  }
  WorkQueue queue;
  queue.reset(n, grain);
  auto task = [&](unsigned worker) {
    std::size_t begin = 0, end = 0;
    while (queue.take(begin, end))
      for (std::size_t item = begin; item < end; ++item) body(item, worker);
  };
  pool.share(task);
}

// Items divided into one contiguous share for each worker, the same ones every time: a worker meets
// the same memory again. Who is done with its own share takes from the ends of the others', so that
// a worker without a CPU holds up one item and no more. Reset between jobs.
class WorkShares {
 public:
  explicit WorkShares(unsigned max_workers) : shares_(max_workers) {}

  // At most 2^32 - 1 items; n_workers <= max_workers.
  void reset(std::size_t n_items, unsigned n_workers) {
    n_workers_ = n_workers;
    for (unsigned i = 0; i < n_workers; ++i)
      shares_[i].left.store(pack(n_items * i / n_workers, n_items * (i + 1) / n_workers),
                            std::memory_order_relaxed);
  }
  // False when nothing is left for anybody.
  bool take(unsigned worker, std::size_t& item) {
    if (take_first(shares_[worker].left, item)) return true;
    for (unsigned i = 1; i < n_workers_; ++i)
      if (take_last(shares_[(worker + i) % n_workers_].left, item)) return true;
    return false;
  }

 private:
  // What is left of a share, [begin, end), as one word.
  using Range = std::atomic<std::uint64_t>;
  struct alignas(64) Share {
    Range left{0};
  };

  static std::uint64_t pack(std::size_t begin, std::size_t end) {
    return std::uint64_t{begin} << 32 | end;
  }
  static bool take_first(Range& left, std::size_t& item) {
    std::uint64_t range = left.load(std::memory_order_relaxed);
    do {
      item = range >> 32;
      if (item >= (range & 0xFFFFFFFF)) return false;
    } while (!left.compare_exchange_weak(range, range + (std::uint64_t{1} << 32),
                                         std::memory_order_relaxed));
    return true;
  }
  static bool take_last(Range& left, std::size_t& item) {
    std::uint64_t range = left.load(std::memory_order_relaxed);
    do {
      if ((range >> 32) >= (range & 0xFFFFFFFF)) return false;
      item = (range & 0xFFFFFFFF) - 1;
    } while (!left.compare_exchange_weak(range, range - 1, std::memory_order_relaxed));
    return true;
  }

  std::vector<Share> shares_;
  unsigned n_workers_ = 0;
};

}  // namespace hearth
