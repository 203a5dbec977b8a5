// SPDX-License-Identifier: Apache-2.0
#include "server/key_gate.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace hearth::server {

KeyGate::Lease::Lease(Lease&& other) noexcept
    : gate_(std::exchange(other.gate_, nullptr)), id_(std::move(other.id_)) {}

KeyGate::Lease& KeyGate::Lease::operator=(Lease&& other) noexcept {
  std::swap(gate_, other.gate_);
  std::swap(id_, other.id_);
  return *this;
}

KeyGate::Lease::~Lease() {
  if (gate_ != nullptr) gate_->leave(id_);
}

std::expected<KeyGate::Lease, ApiError> KeyGate::enter(const KeyEntry& key, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto capacity = static_cast<double>(key.requests_per_minute);
  const auto [at, is_new] = uses_.try_emplace(key.id);
  Use& use = at->second;
  if (is_new) use = {.n_tokens = capacity, .filled = now};
  if (key.concurrent > 0 && use.n_running >= key.concurrent)
    return std::unexpected(
        ApiError{ApiErrorKind::key_busy,
                 "this key may have " + std::to_string(key.concurrent) + " requests at a time",
                 "",
                 {}});
  if (key.requests_per_minute > 0) {
    const double per_second = capacity / 60;
    const double passed_s = std::chrono::duration<double>(now - use.filled).count();
    use.n_tokens = std::min(capacity, use.n_tokens + std::max(0.0, passed_s) * per_second);
    use.filled = now;
    if (use.n_tokens < 1) {
      const auto wait_s = std::ceil((1 - use.n_tokens) / per_second);
      return std::unexpected(ApiError{
          ApiErrorKind::key_rate,
          "this key may send " + std::to_string(key.requests_per_minute) + " requests a minute", "",
          std::chrono::seconds(static_cast<std::int64_t>(wait_s))});
    }
    use.n_tokens -= 1;
  }
  ++use.n_running;
  return Lease(this, key.id);
}

void KeyGate::leave(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = uses_.find(id);
  if (found != uses_.end()) --found->second.n_running;
}

void KeyGate::keep_only(std::span<const std::shared_ptr<const KeyRing>> rings) {
  const std::lock_guard lock(mutex_);
  const auto is_known = [&](const std::string& id) {
    return std::ranges::any_of(rings, [&](const auto& ring) {
      return ring && std::ranges::find(ring->entries(), id, &KeyEntry::id) != ring->entries().end();
    });
  };
  std::erase_if(uses_,
                [&](const auto& use) { return use.second.n_running == 0 && !is_known(use.first); });
}

}  // namespace hearth::server
