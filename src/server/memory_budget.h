// SPDX-License-Identifier: Apache-2.0
//
// The memory that all models of this program may take together. What a model that runs will take at
// its peak does not show in what the system calls available, since pages are given out when they
// are first touched and mapped weights count as free: so it is kept account of here. Models are
// loaded one after the other, each with what those before it leave.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace hearth::server {

class MemoryBudget;

// A model's part, given back when the claim goes. Any thread, one at a time.
class MemoryClaim {
 public:
  explicit MemoryClaim(std::shared_ptr<MemoryBudget> budget);
  ~MemoryClaim();
  MemoryClaim(const MemoryClaim&) = delete;
  MemoryClaim& operator=(const MemoryClaim&) = delete;

  // What the model may plan with, in bytes; none: nobody knows how much there is.
  std::optional<std::uint64_t> available_bytes() const { return available_; }
  // It has been loaded, and takes at most so much. Lets the next be loaded.
  void settle(std::uint64_t bytes);

 private:
  const std::shared_ptr<MemoryBudget> budget_;
  std::optional<std::uint64_t> available_;
};

// Any thread.
class MemoryBudget : public std::enable_shared_from_this<MemoryBudget> {
 public:
  // What is available before the first model is loaded, in bytes; none: unknown, and no bound.
  explicit MemoryBudget(std::optional<std::uint64_t> total_bytes) : total_(total_bytes) {}

  // Waits until no model is being loaded: every earlier claim is settled or gone.
  std::unique_ptr<MemoryClaim> claim() { return std::make_unique<MemoryClaim>(shared_from_this()); }
  // Everything is to end: nobody waits any more, and what is claimed from now on is nothing.
  void stop();
  std::uint64_t claimed_bytes() const;

 private:
  friend class MemoryClaim;
  std::optional<std::uint64_t> begin_claim();
  void settle(const MemoryClaim* claim, std::uint64_t bytes);
  void give_back(const MemoryClaim* claim);
  std::uint64_t sum() const;  // with the mutex held

  const std::optional<std::uint64_t> total_;
  mutable std::mutex mutex_;
  std::condition_variable settled_;
  bool is_loading_ = false, is_stopped_ = false;
  std::map<const MemoryClaim*, std::uint64_t> claims_;  // those that are settled
};

}  // namespace hearth::server
