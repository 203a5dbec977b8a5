// SPDX-License-Identifier: Apache-2.0
#include "server/memory_budget.h"

#include <algorithm>
#include <utility>

namespace hearth::server {

MemoryClaim::MemoryClaim(std::shared_ptr<MemoryBudget> budget)
    : budget_(std::move(budget)), available_(budget_->begin_claim()) {}

MemoryClaim::~MemoryClaim() {
  budget_->give_back(this);
}

void MemoryClaim::settle(std::uint64_t bytes) {
  budget_->settle(this, bytes);
}

std::uint64_t MemoryBudget::claimed_bytes() const {
  const std::lock_guard lock(mutex_);
  return sum();
}

std::uint64_t MemoryBudget::sum() const {
  std::uint64_t bytes = 0;
  for (const auto& [claim, claimed] : claims_) bytes += claimed;
  return bytes;
}

void MemoryBudget::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  settled_.notify_all();
}

std::optional<std::uint64_t> MemoryBudget::begin_claim() {
  std::unique_lock lock(mutex_);
  settled_.wait(lock, [this] { return !is_loading_ || is_stopped_; });
  if (is_stopped_) return 0;
  is_loading_ = true;
  if (!total_) return std::nullopt;
  return *total_ - std::min(*total_, sum());
}

void MemoryBudget::settle(const MemoryClaim* claim, std::uint64_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (!claims_.emplace(claim, bytes).second) return;
    is_loading_ = false;
  }
  settled_.notify_all();
}

void MemoryBudget::give_back(const MemoryClaim* claim) {
  {
    const std::lock_guard lock(mutex_);
    if (claims_.erase(claim) == 0) is_loading_ = false;  // it never came to an end
  }
  settled_.notify_all();
}

}  // namespace hearth::server
