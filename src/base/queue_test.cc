// SPDX-License-Identifier: Apache-2.0
#include "base/queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace hearth {
namespace {

using std::chrono_literals::operator""ms;

TEST(BoundedQueue, FirstInFirstOut) {
  BoundedQueue<int> queue(3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.push(i));
  EXPECT_EQ(queue.size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.pop(), i);
  EXPECT_EQ(queue.try_pop(), std::nullopt);
}

TEST(BoundedQueue, TryPushLeavesTheItemWhenFull) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  auto first = std::make_unique<int>(1), second = std::make_unique<int>(2);
  EXPECT_TRUE(queue.try_push(first));
  EXPECT_FALSE(queue.try_push(second));
  EXPECT_EQ(*second, 2);
  EXPECT_EQ(**queue.pop(), 1);
}

TEST(BoundedQueue, CloseHandsOutWhatIsLeft) {
  BoundedQueue<int> queue(4);
  EXPECT_TRUE(queue.push(1));
  queue.close();
  queue.close();
  EXPECT_TRUE(queue.is_closed());
  EXPECT_FALSE(queue.push(2));
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(BoundedQueue, CloseWakesBothSides) {
  BoundedQueue<int> empty(1), full(1);
  EXPECT_TRUE(full.push(1));
  std::jthread consumer([&] { EXPECT_EQ(empty.pop(), std::nullopt); });
  std::jthread producer([&] { EXPECT_FALSE(full.push(2)); });
  std::this_thread::sleep_for(5ms);
  empty.close();
  full.close();
}

TEST(BoundedQueue, StopWakesBothSides) {
  BoundedQueue<int> empty(1), full(1);
  EXPECT_TRUE(full.push(1));
  std::jthread consumer([&](const std::stop_token& stop) { EXPECT_FALSE(empty.pop(stop)); });
  std::jthread producer([&](const std::stop_token& stop) { EXPECT_FALSE(full.push(2, stop)); });
  std::this_thread::sleep_for(5ms);
  consumer.request_stop();
  producer.request_stop();
  consumer.join();
  producer.join();
  EXPECT_EQ(full.size(), 1u);
}

TEST(BoundedQueue, ManyToMany) {
  constexpr int kEach = 2000;
  BoundedQueue<int> queue(5);
  std::atomic<long> sum{0};
  std::vector<std::jthread> producers, consumers;
  for (int p = 0; p < 4; ++p)
    producers.emplace_back([&] {
      for (int i = 1; i <= kEach; ++i) EXPECT_TRUE(queue.push(i));
    });
  for (int c = 0; c < 3; ++c)
    consumers.emplace_back([&] {
      while (const auto item = queue.pop()) sum += *item;
    });
  producers.clear();
  queue.close();
  consumers.clear();
  EXPECT_EQ(sum, 4L * kEach * (kEach + 1) / 2);
}

}  // namespace
}  // namespace hearth
