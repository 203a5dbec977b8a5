// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <memory>
#include <set>

#include "base/thread_place.h"

namespace hearth {
namespace {

using Word = std::atomic<std::uint32_t>;
static_assert(sizeof(Word) == 4 && Word::is_always_lock_free, "a futex is 32 bits in memory");

void futex_wait(Word& word, std::uint32_t expected) {
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

void futex_wake(Word& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void pause_cpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Spins until done() is true or the time is over.
template <class Done>
void spin_until(std::chrono::microseconds time, Done done) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  do {
    for (int i = 0; i < 16; ++i) {
      if (done()) return;
      pause_cpu();
    }
  } while (std::chrono::steady_clock::now() < deadline);
}

// The door of a job: its number while it is open, and how many helpers are inside. One word, so
// that nobody can enter a job that is being closed.
class Door {
 public:
  void open(std::uint32_t job) {
    state_.store(std::uint64_t{job} << 32, std::memory_order_release);
  }
  void close() { state_.fetch_add(std::uint64_t{1} << 32, std::memory_order_acq_rel); }
  bool enter(std::uint32_t job) {
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    while (state >> 32 == job)
      if (state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) return true;
    return false;
  }
  void leave() { state_.fetch_sub(1, std::memory_order_seq_cst); }
  bool nobody_inside() const { return (state_.load(std::memory_order_seq_cst) & 0xFFFFFFFF) == 0; }

 private:
  std::atomic<std::uint64_t> state_{0};
};

}  // namespace

// One job is posted at a time. The fields of Job are plain: the caller writes them before it opens
// the door, helpers read them inside, and no new job is written before all have left. Each helper
// is told of a job in a word of its own: who is not needed is not woken, and does not look.
struct ThreadPool::Impl {
  struct Job {
    const TaskRef* task = nullptr;
    unsigned n_keep = UINT_MAX;  // helpers from this index on end
  };

  struct alignas(64) Helper {
    Impl* pool = nullptr;
    unsigned index = 0;
    std::uint32_t seen = 0;  // its own: the last job it looked at
    Word told{0};            // the last job it was told of
    std::atomic<bool> asleep{false};
    pthread_t thread{};
  };

  // The words that threads fight over, each on its own cache line.
  alignas(64) Door door;
  alignas(64) Word n_done{0};  // helpers that have done their part of this job
  alignas(64) Word somebody_left{0};
  std::atomic<bool> caller_asleep{false};
  alignas(64) std::atomic<bool> parked{false};
  std::atomic<std::int64_t> spin_us{0};  // 0: nobody spins
  Job job;
  std::uint32_t job_number = 0;  // even: odd numbers are closed doors
  std::uint64_t n_jobs = 0;
  unsigned n_cpus = 0;  // 0: not told
  CpuMask home = CpuMask::of_this_thread();
  Crew crew;
  std::vector<std::unique_ptr<Helper>> helpers;  // helper i is worker i + 1

  unsigned n_active() const {
    return static_cast<unsigned>(std::min<std::size_t>(helpers.size(), crew.n_workers - 1));
  }

  // Starts helpers until there are n; fewer when the system gives no more threads (a pids limit):
  // the pool then works with what it has, which size() tells.
  void grow(unsigned n) {
    while (helpers.size() < n) {
      auto helper = std::make_unique<Helper>();
      helper->pool = this;
      helper->index = static_cast<unsigned>(helpers.size()) + 1;
      helper->seen = job_number;
      helper->told.store(job_number, std::memory_order_relaxed);
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
      helpers.push_back(std::move(helper));
    }
  }

  void shrink(unsigned n) {
    if (helpers.size() <= n) return;
    auto nothing = [](unsigned) {};
    const TaskRef task(nothing);
    post({.task = &task, .n_keep = n}, helpers.size());
    wait_for_all(helpers.size());
    for (std::size_t i = n; i < helpers.size(); ++i) ::pthread_join(helpers[i]->thread, nullptr);
    helpers.resize(n);
  }

  void take(const Crew& next) {
    const bool was_placed = crew.is_placed();
    const bool is_alike = crew.cpus == next.cpus && crew.nice == next.nice;
    const std::size_t n_before = helpers.size();
    crew = next;
    crew.n_workers = std::max(1u, next.n_workers);
    grow(crew.n_workers - 1);
    decide_whether_to_spin();
    if ((was_placed || crew.is_placed()) && (!is_alike || helpers.size() > n_before)) place();
  }

  // Places every worker of the crew, the caller included.
  void place() {
    auto task = [this](unsigned worker) {
      CpuMask mask = home;
      if (!crew.cpus.empty()) {
        mask = CpuMask();
        for (const unsigned cpu : crew.cpus[worker % crew.cpus.size()]) mask.add(cpu);
      }
      static_cast<void>(mask.confine_this_thread());
      if (crew.nice && nice_of_this_thread() != *crew.nice)
        static_cast<void>(set_nice_of_this_thread(*crew.nice));
    };
    run(task, n_active());
  }

  void decide_whether_to_spin() {
    unsigned n_usable = std::max(1u, home.count());
    if (!crew.cpus.empty()) {
      std::set<unsigned> cpus;
      for (unsigned i = 0; i < std::min<std::size_t>(crew.n_workers, crew.cpus.size()); ++i)
        cpus.insert(crew.cpus[i].begin(), crew.cpus[i].end());
      n_usable = static_cast<unsigned>(cpus.size());
    }
    if (n_cpus != 0) n_usable = std::min(n_usable, n_cpus);
    spin_us.store(n_active() + 1 <= n_usable ? crew.spin.count() : 0, std::memory_order_relaxed);
  }

  void post(const Job& next, std::size_t n_helpers) {
    ++n_jobs;
    job = next;
    job_number += 2;
    n_done.store(0, std::memory_order_relaxed);
    parked.store(false, std::memory_order_relaxed);
    door.open(job_number);
    for (std::size_t i = 0; i < n_helpers; ++i) {
      // seq_cst on both sides: either the helper sees the number before it sleeps, or we see here
      // that it is about to.
      helpers[i]->told.store(job_number, std::memory_order_seq_cst);
      if (helpers[i]->asleep.load(std::memory_order_seq_cst)) futex_wake(helpers[i]->told);
    }
  }

  void run(TaskRef task, std::size_t n_helpers) {
    if (n_helpers != 0) post({.task = &task}, n_helpers);
    task(0);
    if (n_helpers != 0) wait_for_all(n_helpers);
  }

  void wait_for_all(std::size_t n_helpers) {
    caller_waits([&] { return n_done.load(std::memory_order_seq_cst) == n_helpers; });
    wait_for_those_inside();
  }

  void wait_for_those_inside() {
    door.close();
    caller_waits([this] { return door.nobody_inside(); });
  }

  template <class Done>
  void caller_waits(Done done) {
    if (const auto us = spin_us.load(std::memory_order_relaxed); us != 0)
      spin_until(std::chrono::microseconds(us), done);
    if (done()) return;
    caller_asleep.store(true, std::memory_order_seq_cst);
    while (true) {
      const std::uint32_t seen = somebody_left.load(std::memory_order_seq_cst);
      if (done()) break;
      futex_wait(somebody_left, seen);
    }
    caller_asleep.store(false, std::memory_order_relaxed);
  }

  // Until there is a job that the helper has not seen.
  void wait_for_job(Helper& self) {
    const std::uint32_t seen = self.seen;
    const auto posted = [&] { return self.told.load(std::memory_order_acquire) != seen; };
    if (const auto us = spin_us.load(std::memory_order_relaxed); us != 0)
      spin_until(std::chrono::microseconds(us),
                 [&] { return posted() || parked.load(std::memory_order_relaxed); });
    if (!posted()) {
      self.asleep.store(true, std::memory_order_seq_cst);
      while (self.told.load(std::memory_order_seq_cst) == seen) futex_wait(self.told, seen);
      self.asleep.store(false, std::memory_order_relaxed);
    }
    self.seen = self.told.load(std::memory_order_acquire);
  }

  void leave() {
    n_done.fetch_add(1, std::memory_order_seq_cst);
    door.leave();
    if (!caller_asleep.load(std::memory_order_seq_cst)) return;
    somebody_left.fetch_add(1, std::memory_order_seq_cst);
    futex_wake(somebody_left);
  }

  static void* helper_main(void* argument) {
    Helper& self = *static_cast<Helper*>(argument);
    Impl& pool = *self.pool;
    ::pthread_setname_np(::pthread_self(), "hearth-worker");  // naming another would open a file
    while (true) {
      pool.wait_for_job(self);
      if (!pool.door.enter(self.seen)) continue;
      const Job mine = pool.job;
      (*mine.task)(self.index);
      const bool ends = self.index > mine.n_keep;
      pool.leave();
      if (ends) return nullptr;
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
  return impl_->n_active() + 1;
}

bool ThreadPool::may_spin() const {
  return impl_->spin_us.load(std::memory_order_relaxed) != 0;
}

void ThreadPool::run(TaskRef task) {
  impl_->run(task, impl_->n_active());
}

void ThreadPool::share(TaskRef task) {
  const unsigned n_helpers = impl_->n_active();
  if (n_helpers != 0) impl_->post({.task = &task}, n_helpers);
  task(0);
  if (n_helpers != 0) impl_->wait_for_those_inside();
}

std::uint64_t ThreadPool::n_jobs() const {
  return impl_->n_jobs;
}

void ThreadPool::use(const Crew& crew) {
  if (crew != impl_->crew) impl_->take(crew);
}

void ThreadPool::resize(unsigned n_workers) {
  Crew crew = impl_->crew;
  crew.n_workers = std::max(1u, n_workers);
  impl_->shrink(crew.n_workers - 1);
  impl_->take(crew);
}

void ThreadPool::park() {
  impl_->parked.store(true, std::memory_order_relaxed);
}

}  // namespace hearth
