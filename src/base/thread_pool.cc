// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <memory>
#include <vector>

#include "base/check.h"

namespace hearth {
namespace {

using Word = std::atomic<std::uint32_t>;
static_assert(sizeof(Word) == 4 && Word::is_always_lock_free, "a futex is 32 bits in memory");

// Long enough to bridge the gap between two jobs of one token, short enough that a helper whose
// partner lost its core gives the core back within a small part of a scheduler slice.
constexpr std::chrono::microseconds kSpin{40};

void futex_wait(Word& word, std::uint32_t expected) {
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

void futex_wake_all(Word& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void pause_cpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

unsigned n_cpus_allowed() {
  cpu_set_t cpus;
  if (::sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
    return static_cast<unsigned>(CPU_COUNT(&cpus));
  // More CPUs than cpu_set_t holds.
  return static_cast<unsigned>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

// Spins until done() is true or the time is over; says which.
template <class Done>
bool spin_until(Done done) {
  const auto deadline = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 16; ++i) {
      if (done()) return true;
      pause_cpu();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  return done();
}

}  // namespace

// One job is posted at a time. The fields of Job are plain: the caller writes them before it bumps
// `generation_` and helpers read them after they saw the bump, and no new job is written before
// every helper has counted itself out of the last one.
struct ThreadPool::Impl {
  struct Job {
    const TaskRef* task = nullptr;  // none: only look at n_keep
    unsigned n_keep = 0;            // helpers from this index on leave
  };

  struct Helper {
    Impl* pool = nullptr;
    unsigned index = 0;
    std::uint32_t seen_generation = 0;
    pthread_t thread{};
  };

  // The three words that threads fight over, each on its own cache line.
  alignas(64) Word generation{0};
  alignas(64) Word n_pending{0};
  alignas(64) Word n_asleep{0};
  std::atomic<bool> caller_asleep{false};
  std::atomic<bool> parked{false};
  std::atomic<bool> may_spin{false};
  unsigned n_cpus = 0;  // 0: not told
  Job job;
  std::vector<std::unique_ptr<Helper>> helpers;  // helper i is worker i + 1

  // Starts helpers until there are n; fewer when the system gives no more threads (a pids limit):
  // the pool then works with what it has, which size() tells.
  void grow(unsigned n) {
    while (helpers.size() < n) {
      auto helper = std::make_unique<Helper>();
      helper->pool = this;
      helper->index = static_cast<unsigned>(helpers.size()) + 1;
      helper->seen_generation = generation.load(std::memory_order_relaxed);
      // Helpers inherit the mask: signals sent to the process go to threads that expect them, while
      // faults (a shrunken file above all) still reach whoever caused them.
      sigset_t blocked, before;
      sigfillset(&blocked);
      for (const int fault : {SIGBUS, SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS, SIGPROF})
        sigdelset(&blocked, fault);
      ::pthread_sigmask(SIG_SETMASK, &blocked, &before);
      const int error_number =
          ::pthread_create(&helper->thread, nullptr, helper_main, helper.get());
      ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
      if (error_number != 0) break;
      ::pthread_setname_np(helper->thread, "hearth-worker");
      helpers.push_back(std::move(helper));
    }
    unsigned n_usable = n_cpus_allowed();
    if (n_cpus != 0) n_usable = std::min(n_usable, n_cpus);
    may_spin.store(helpers.size() + 1 <= n_usable, std::memory_order_relaxed);
  }

  void shrink(unsigned n) {
    if (helpers.size() <= n) return;
    post({.task = nullptr, .n_keep = n});
    wait_for_helpers();
    for (std::size_t i = n; i < helpers.size(); ++i) ::pthread_join(helpers[i]->thread, nullptr);
    helpers.resize(n);
  }

  void post(const Job& next) {
    job = next;
    parked.store(false, std::memory_order_relaxed);
    n_pending.store(static_cast<std::uint32_t>(helpers.size()), std::memory_order_relaxed);
    // seq_cst on both sides: either the helper sees the new generation before it sleeps, or we see
    // here that it counted itself asleep.
    generation.fetch_add(1, std::memory_order_seq_cst);
    if (n_asleep.load(std::memory_order_seq_cst) != 0) futex_wake_all(generation);
  }

  void wait_for_helpers() {
    const auto done = [this] { return n_pending.load(std::memory_order_acquire) == 0; };
    if (may_spin.load(std::memory_order_relaxed) && spin_until(done)) return;
    caller_asleep.store(true, std::memory_order_seq_cst);
    while (const std::uint32_t left = n_pending.load(std::memory_order_seq_cst))
      futex_wait(n_pending, left);
    caller_asleep.store(false, std::memory_order_relaxed);
  }

  // Returns the generation that differs from seen.
  std::uint32_t wait_for_job(std::uint32_t seen) {
    const auto posted = [&] { return generation.load(std::memory_order_acquire) != seen; };
    if (may_spin.load(std::memory_order_relaxed))
      spin_until([&] { return posted() || parked.load(std::memory_order_relaxed); });
    if (!posted()) {
      n_asleep.fetch_add(1, std::memory_order_seq_cst);
      while (generation.load(std::memory_order_seq_cst) == seen) futex_wait(generation, seen);
      n_asleep.fetch_sub(1, std::memory_order_relaxed);
    }
    return generation.load(std::memory_order_acquire);
  }

  void count_out() {
    if (n_pending.fetch_sub(1, std::memory_order_seq_cst) == 1 &&
        caller_asleep.load(std::memory_order_seq_cst))
      futex_wake_all(n_pending);
  }

  static void* helper_main(void* argument) {
    Helper& self = *static_cast<Helper*>(argument);
    Impl& pool = *self.pool;
    while (true) {
      self.seen_generation = pool.wait_for_job(self.seen_generation);
      const Job mine = pool.job;
      if (mine.task != nullptr) (*mine.task)(self.index);
      const bool leave = self.index > mine.n_keep;
      pool.count_out();
      if (leave) return nullptr;
    }
  }
};

ThreadPool::ThreadPool(unsigned n_workers, unsigned n_cpus) : impl_(std::make_unique<Impl>()) {
  impl_->n_cpus = n_cpus;
  resize(n_workers);
}

ThreadPool::~ThreadPool() {
  impl_->shrink(0);
}

unsigned ThreadPool::size() const {
  return static_cast<unsigned>(impl_->helpers.size()) + 1;
}

bool ThreadPool::may_spin() const {
  return impl_->may_spin.load(std::memory_order_relaxed);
}

void ThreadPool::run(TaskRef task) {
  if (!impl_->helpers.empty()) impl_->post({.task = &task, .n_keep = size() - 1});
  task(0);
  if (!impl_->helpers.empty()) impl_->wait_for_helpers();
}

void ThreadPool::resize(unsigned n_workers) {
  const unsigned n_helpers = n_workers == 0 ? 0 : n_workers - 1;
  impl_->shrink(n_helpers);
  impl_->grow(n_helpers);
}

void ThreadPool::park() {
  impl_->parked.store(true, std::memory_order_relaxed);
}

}  // namespace hearth
