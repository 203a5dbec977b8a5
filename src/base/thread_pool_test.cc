// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "base/test_support.h"
#include "base/thread_place.h"

namespace hearth {
namespace {

double cpu_seconds() {
  timespec now;
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Every worker writes plain memory of its own, read by the caller afterwards: a missing
// happens-before shows as a wrong sum, and as a report under ThreadSanitizer.
void run_and_verify(ThreadPool& pool, std::uint64_t round) {
  std::vector<std::uint64_t> seen(pool.size(), 0);
  const std::uint64_t input = round * 3;
  auto task = [&](unsigned worker) { seen.at(worker) += input + worker; };
  pool.run(task);
  for (unsigned worker = 0; worker < pool.size(); ++worker)
    ASSERT_EQ(seen[worker], input + worker) << "round " << round;
}

TEST(ThreadPool, CallsEveryWorkerOnce) {
  for (const unsigned n : {1u, 2u, 3u, 8u}) {
    ThreadPool pool(n);
    EXPECT_EQ(pool.size(), n);
    for (std::uint64_t round = 0; round < 200; ++round) run_and_verify(pool, round);
  }
}

TEST(ThreadPool, ZeroWorkersMeansTheCaller) {
  ThreadPool pool(0);
  EXPECT_EQ(pool.size(), 1u);
  run_and_verify(pool, 1);
}

TEST(ThreadPool, TheCallerIsWorkerZero) {
  ThreadPool pool(3);
  std::vector<std::thread::id> ids(3);
  auto task = [&](unsigned worker) { ids[worker] = std::this_thread::get_id(); };
  pool.run(task);
  EXPECT_EQ(ids[0], std::this_thread::get_id());
  EXPECT_NE(ids[1], ids[0]);
  EXPECT_NE(ids[1], ids[2]);
}

TEST(ThreadPool, StartsAndEndsWithoutAJob) {
  for (int i = 0; i < 50; ++i) ThreadPool pool(4);
}

TEST(ThreadPool, ResizeParkAndPausesInAnyOrder) {
  std::mt19937 random(7);
  ThreadPool pool(2);
  for (std::uint64_t round = 0; round < 3000; ++round) {
    switch (random() % 16) {
      case 0:
        pool.resize(static_cast<unsigned>(1 + random() % 6));
        break;
      case 1:
        pool.park();
        break;
      case 2:
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 200));
        break;
      default:
        break;
    }
    run_and_verify(pool, round);
  }
}

TEST(ThreadPool, ShrinkingKeepsTheThreadsThatStay) {
  ThreadPool pool(4);
  std::vector<std::thread::id> before(4), after(4);
  auto note_before = [&](unsigned worker) { before[worker] = std::this_thread::get_id(); };
  pool.run(note_before);
  pool.resize(2);
  EXPECT_EQ(pool.size(), 2u);
  auto note_after = [&](unsigned worker) { after[worker] = std::this_thread::get_id(); };
  pool.run(note_after);
  EXPECT_EQ(after[1], before[1]);
}

TEST(ThreadPool, FarMoreWorkersThanCores) {
  ThreadPool pool(64);
  for (std::uint64_t round = 0; round < 300; ++round) run_and_verify(pool, round);
}

TEST(ThreadPool, PoolsDoNotKnowEachOther) {
  std::vector<std::jthread> owners;
  for (int owner = 0; owner < 3; ++owner)
    owners.emplace_back([] {
      ThreadPool pool(3);
      for (std::uint64_t round = 0; round < 500; ++round) run_and_verify(pool, round);
    });
}

TEST(ThreadPool, IdleAndParkedHelpersCostNothing) {
  ThreadPool pool(4);
  for (std::uint64_t round = 0; round < 100; ++round) run_and_verify(pool, round);
  pool.park();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const double before = cpu_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_LT(cpu_seconds() - before, 0.05);
}

// One CPU for two workers: spinning would make every hand-over wait for the end of a scheduler
// slice.
TEST(ThreadPool, OneCoreIsEnough) {
  const auto end = test::run_in_child([] {
    cpu_set_t one;
    CPU_ZERO(&one);
    const int cpu = ::sched_getcpu();
    CPU_SET(static_cast<unsigned>(cpu < 0 ? 0 : cpu), &one);
    if (::sched_setaffinity(0, sizeof(one), &one) != 0) return 77;
    ThreadPool pool(4);
    const auto start = std::chrono::steady_clock::now();
    for (std::uint64_t round = 0; round < 500; ++round) run_and_verify(pool, round);
    const auto took = std::chrono::steady_clock::now() - start;
    return took < std::chrono::seconds(10) ? 0 : 1;
  });
  if (end.exit_code() == 77) GTEST_SKIP() << "affinity cannot be set here";
  EXPECT_EQ(end.exit_code(), 0) << end.errors;
}

// The decision itself, without a clock: nobody spins where a worker has no CPU of its own.
TEST(ThreadPool, SpinsOnlyWithACpuForEveryWorker) {
  cpu_set_t cpus;
  if (::sched_getaffinity(0, sizeof(cpus), &cpus) != 0) GTEST_SKIP() << "cpu_set_t is too small";
  const auto n_mask = static_cast<unsigned>(CPU_COUNT(&cpus));
  EXPECT_TRUE(ThreadPool(n_mask).may_spin());
  EXPECT_FALSE(ThreadPool(n_mask + 1).may_spin());
  EXPECT_FALSE(ThreadPool(n_mask + 1, n_mask + 1).may_spin());  // the mask binds all the same
  EXPECT_TRUE(ThreadPool(1, 1).may_spin());
  EXPECT_FALSE(ThreadPool(2, 1).may_spin());  // a quota of one CPU
  ThreadPool pool(64, 1);
  EXPECT_FALSE(pool.may_spin());
  pool.resize(1);
  EXPECT_TRUE(pool.may_spin());
  pool.resize(2);
  EXPECT_FALSE(pool.may_spin());
}

TEST(ThreadPool, WorksWithFewerThreadsThanAskedFor) {
  if (::geteuid() == 0) GTEST_SKIP() << "root is exempt from RLIMIT_NPROC";
  const auto end = test::run_in_child([] {
    const rlimit none{1, 1};
    ::setrlimit(RLIMIT_NPROC, &none);
    ThreadPool pool(4);
    run_and_verify(pool, 1);
    return pool.size() == 1 ? 0 : 1;
  });
  EXPECT_EQ(end.exit_code(), 0) << end.errors;
}

TEST(ThreadPool, SharedWorkIsDoneByWhoeverComes) {
  for (const unsigned n : {1u, 2u, 3u, 64u}) {
    ThreadPool pool(n);
    WorkQueue queue;
    for (std::uint64_t round = 0; round < 300; ++round) {
      std::vector<std::uint64_t> seen(50, 0);
      queue.reset(seen.size(), 1);
      auto task = [&](unsigned worker) {
        ASSERT_LT(worker, n);
        std::size_t begin = 0, end = 0;
        while (queue.take(begin, end)) seen[begin] += round + begin;
      };
      pool.share(task);
      for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], round + i);
    }
  }
}

// A helper that sleeps for good would be waited for by run(); share() needs nobody but the caller.
TEST(ThreadPool, SharingDoesNotWaitForWhoHasNotCome) {
  ThreadPool pool(2);
  std::atomic<bool> helper_is_inside = false, caller_is_done = false;
  auto first = [&](unsigned worker) {
    if (worker == 0) {
      while (!helper_is_inside) std::this_thread::yield();
    } else {
      helper_is_inside = true;
    }
  };
  pool.share(first);  // who is inside is waited for, so that what it wrote is there
  EXPECT_TRUE(helper_is_inside);
  for (int round = 0; round < 2000; ++round) {
    auto alone = [&](unsigned worker) {
      if (worker == 0) caller_is_done = true;
    };
    caller_is_done = false;
    pool.share(alone);
    ASSERT_TRUE(caller_is_done);
  }
  run_and_verify(pool, 1);
}

TEST(ThreadPool, CountsTheJobsThatNeedHelpers) {
  ThreadPool pool(2);
  auto nothing = [](unsigned) {};
  const std::uint64_t before = pool.n_jobs();
  pool.share(nothing);
  pool.run(nothing);
  EXPECT_EQ(pool.n_jobs(), before + 2);
  pool.resize(1);
  const std::uint64_t alone = pool.n_jobs();
  pool.share(nothing);
  EXPECT_EQ(pool.n_jobs(), alone);
}

TEST(ThreadPool, CrewsTakeTurnsWithoutNewThreads) {
  ThreadPool pool(4);
  std::vector<std::thread::id> four(4), again(4);
  auto note = [&](unsigned worker) { four.at(worker) = std::this_thread::get_id(); };
  auto note_again = [&](unsigned worker) { again.at(worker) = std::this_thread::get_id(); };
  pool.run(note);
  for (std::uint64_t round = 0; round < 500; ++round) {
    pool.use({.n_workers = 2, .spin = std::chrono::microseconds(round % 3 * 20)});
    ASSERT_EQ(pool.size(), 2u);
    EXPECT_EQ(pool.may_spin() && round % 3 == 0, false);
    run_and_verify(pool, round);
    pool.use({.n_workers = 4});
    ASSERT_EQ(pool.size(), 4u);
    run_and_verify(pool, round);
  }
  pool.run(note_again);
  EXPECT_EQ(again, four);
}

// In a thread of its own, since the caller is placed as well.
TEST(ThreadPool, WorkersStayOnTheirCpus) {
  std::jthread owner([] {
    const int here = ::sched_getcpu();
    ASSERT_GE(here, 0);
    const auto cpu = static_cast<unsigned>(here);
    ThreadPool pool(3);
    pool.use({.n_workers = 3, .cpus = {{cpu}}});
    EXPECT_FALSE(pool.may_spin());  // three on one CPU
    std::vector<unsigned> counts(3);
    std::vector<int> cpus(3);
    auto look = [&](unsigned worker) {
      counts.at(worker) = CpuMask::of_this_thread().count();
      cpus.at(worker) = ::sched_getcpu();
    };
    pool.run(look);
    EXPECT_EQ(counts, (std::vector<unsigned>{1, 1, 1}));
    EXPECT_EQ(cpus, (std::vector<int>{here, here, here}));
    pool.resize(4);  // who comes later is placed too
    counts.resize(4);
    cpus.resize(4);
    pool.run(look);
    EXPECT_EQ(counts, (std::vector<unsigned>{1, 1, 1, 1}));
    pool.use({.n_workers = 4});  // and let go again
    pool.run(look);
    EXPECT_EQ(counts[3], CpuMask::of_this_thread().count());
    EXPECT_EQ(counts[0], counts[3]);
  });
}

TEST(ThreadPool, ALowerPriorityIsAlwaysPermitted) {
  std::jthread owner([] {
    ThreadPool pool(2);
    const int before = nice_of_this_thread();
    pool.use({.n_workers = 2, .nice = std::min(before + 1, 19)});
    std::vector<int> found(2);
    auto look = [&](unsigned worker) { found.at(worker) = nice_of_this_thread(); };
    pool.run(look);
    EXPECT_EQ(found, (std::vector<int>{std::min(before + 1, 19), std::min(before + 1, 19)}));
  });
}

TEST(WorkShares, HandsOutEveryItemOnceWhoeverComes) {
  ThreadPool pool(4);
  WorkShares shares(4);
  for (const std::size_t n : {0u, 1u, 3u, 5u, 1000u}) {
    for (unsigned n_workers = 1; n_workers <= 4; ++n_workers) {
      std::vector<int> taken(n, 0);
      shares.reset(n, n_workers);
      auto task = [&](unsigned worker) {
        std::size_t item = 0;
        if (worker >= n_workers) return;
        while (shares.take(worker, item)) ++taken.at(item);
      };
      pool.share(task);
      for (const int count : taken) ASSERT_EQ(count, 1);
    }
  }
}

TEST(WorkShares, AWorkerBeginsWithItsOwnAndHelpsFromTheEnd) {
  WorkShares shares(2);
  shares.reset(6, 2);
  std::vector<std::size_t> order;
  std::size_t item = 0;
  while (shares.take(1, item)) order.push_back(item);
  EXPECT_EQ(order, (std::vector<std::size_t>{3, 4, 5, 2, 1, 0}));
}

TEST(WorkQueue, HandsOutEveryItemOnce) {
  ThreadPool pool(4);
  WorkQueue queue;
  for (const std::size_t n : {0u, 1u, 5u, 1000u}) {
    for (const std::size_t grain : {0u, 1u, 3u, 64u, 5000u}) {
      std::vector<int> taken(n, 0);
      queue.reset(n, grain);
      auto task = [&](unsigned) {
        std::size_t begin = 0, end = 0;
        while (queue.take(begin, end))
          for (std::size_t i = begin; i < end; ++i) ++taken[i];
      };
      pool.run(task);
      for (const int count : taken) ASSERT_EQ(count, 1);
    }
  }
}

}  // namespace
}  // namespace hearth
