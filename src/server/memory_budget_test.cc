// SPDX-License-Identifier: Apache-2.0
#include "server/memory_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace hearth::server {
namespace {

TEST(MemoryBudget, EachModelHasWhatThoseBeforeItLeave) {
  const auto budget = std::make_shared<MemoryBudget>(1000);
  auto first = budget->claim();
  EXPECT_EQ(first->available_bytes(), 1000u);
  first->settle(600);
  auto second = budget->claim();
  EXPECT_EQ(second->available_bytes(), 400u);
  second->settle(700);  // somebody forced it
  EXPECT_EQ(budget->claim()->available_bytes(), 0u);
  first.reset();
  EXPECT_EQ(budget->claimed_bytes(), 700u);
  EXPECT_EQ(budget->claim()->available_bytes(), 300u);
}

TEST(MemoryBudget, AClaimThatFailsLeavesNothing) {
  const auto budget = std::make_shared<MemoryBudget>(1000);
  budget->claim().reset();
  EXPECT_EQ(budget->claimed_bytes(), 0u);
  EXPECT_EQ(budget->claim()->available_bytes(), 1000u);
}

TEST(MemoryBudget, UnknownIsNoBound) {
  const auto budget = std::make_shared<MemoryBudget>(std::nullopt);
  const auto first = budget->claim();
  EXPECT_FALSE(first->available_bytes());
  first->settle(5);
  EXPECT_EQ(budget->claimed_bytes(), 5u);
}

TEST(MemoryBudget, OneIsLoadedAtATime) {
  const auto budget = std::make_shared<MemoryBudget>(1000);
  auto first = budget->claim();
  std::atomic<std::uint64_t> seen = 0;
  std::thread second([&] { seen = budget->claim()->available_bytes().value_or(1); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(seen, 0u);
  first->settle(250);
  second.join();
  EXPECT_EQ(seen, 750u);
}

TEST(MemoryBudget, StopsWaiting) {
  const auto budget = std::make_shared<MemoryBudget>(1000);
  const auto first = budget->claim();
  std::thread second([&] { EXPECT_EQ(budget->claim()->available_bytes(), 0u); });
  budget->stop();
  second.join();
}

}  // namespace
}  // namespace hearth::server
