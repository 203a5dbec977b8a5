// SPDX-License-Identifier: Apache-2.0
//
// How much each key may ask for: requests a minute (a token bucket that holds a minute's worth, so
// that short bursts pass) and requests at a time. Any thread. The state of a key survives a reload
// of the ring, since it hangs on the key's id.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>

#include "server/api_error.h"
#include "server/keys.h"

namespace hearth::server {

class KeyGate {
 public:
  using Clock = std::chrono::steady_clock;

  // A request of a key that runs; its end frees the place.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();

   private:
    friend class KeyGate;
    Lease(KeyGate* gate, std::string id) : gate_(gate), id_(std::move(id)) {}
    KeyGate* gate_ = nullptr;
    std::string id_;
  };

  // key_rate or key_busy, with the time to wait. The gate must outlive the lease.
  std::expected<Lease, ApiError> enter(const KeyEntry& key, Clock::time_point now = Clock::now());

  // Forgets keys that are in none of the rings any more and have nothing running.
  void keep_only(std::span<const std::shared_ptr<const KeyRing>> rings);

 private:
  struct Use {
    double n_tokens = 0;
    Clock::time_point filled;
    std::int64_t n_running = 0;
  };
  void leave(const std::string& id);

  std::mutex mutex_;
  std::unordered_map<std::string, Use> uses_;
};

}  // namespace hearth::server
