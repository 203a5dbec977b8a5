// SPDX-License-Identifier: Apache-2.0
//
// Which models may compute, and on how many cores. Threads of two models that each believe they
// have the machine for themselves wait for each other's descheduled partners most of the time. So
// the cores belong to the front: a model has a lease while it has requests, the models that have
// some share the cores evenly, and where they are more than cores they take turns.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "wire/messages.h"

namespace hearth::server {

// A lease of all the threads that a model was loaded with.
inline constexpr wire::Lease kAllCores{.n_threads = UINT32_MAX, .first_place = 0};

// Whoever computes only under a lease. Both functions return at once; any thread.
class Leaseholder {
 public:
  virtual ~Leaseholder() = default;
  // The most threads it has a use for; 0: there is nothing to compute.
  virtual std::uint32_t n_wanted() const = 0;
  virtual void take_lease(const wire::Lease& lease) = 0;
};

// What each gets, given what each wants: all that it wants where nobody else wants any; the cores
// in equal parts otherwise, without overlap, and what one does not want to the others. Of more
// wishes than cores, so many as there are cores get one each, others every turn.
std::vector<wire::Lease> share_cores(std::uint32_t n_cores, std::span<const std::uint32_t> wanted,
                                     std::uint64_t turn);

// Any thread, but no function of a Leaseholder.
class CoreLeases {
 public:
  explicit CoreLeases(std::uint32_t n_cores,
                      std::chrono::milliseconds turn = std::chrono::milliseconds(100));
  ~CoreLeases();
  CoreLeases(const CoreLeases&) = delete;
  CoreLeases& operator=(const CoreLeases&) = delete;

  void join(std::weak_ptr<Leaseholder> holder);
  // Somebody's n_wanted() is another than before.
  void changed();

 private:
  struct Member {
    std::weak_ptr<Leaseholder> holder;
    wire::Lease lease;  // that it was given last
  };
  void share();  // with the mutex held
  void take_turns();

  const std::uint32_t n_cores_;
  const std::chrono::milliseconds turn_length_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Member> members_;
  std::uint64_t turn_ = 0;
  bool has_turns_ = false, is_stopping_ = false;
  std::thread clock_;
};

}  // namespace hearth::server
