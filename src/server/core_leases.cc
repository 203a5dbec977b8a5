// SPDX-License-Identifier: Apache-2.0
#include "server/core_leases.h"

#include <algorithm>
#include <utility>

namespace hearth::server {
namespace {

// One core after the other to whoever wants another, until there are none or no wishes left.
void deal_evenly(std::uint32_t n_cores, std::span<const std::uint32_t> wanted,
                 std::span<wire::Lease> leases) {
  for (bool is_dealing = true; is_dealing;) {
    is_dealing = false;
    for (std::size_t i = 0; i < leases.size() && n_cores > 0; ++i) {
      if (leases[i].n_threads >= wanted[i]) continue;
      ++leases[i].n_threads;
      --n_cores;
      is_dealing = true;
    }
  }
  std::uint32_t place = 0;
  for (wire::Lease& lease : leases) {
    lease.first_place = lease.n_threads == 0 ? 0 : place;
    place += lease.n_threads;
  }
}

void deal_in_turns(std::uint32_t n_cores, std::uint64_t turn, std::span<const std::size_t> busy,
                   std::span<wire::Lease> leases) {
  const std::size_t first = turn % busy.size() * n_cores % busy.size();
  for (std::uint32_t place = 0; place < n_cores; ++place)
    leases[busy[(first + place) % busy.size()]] = {.n_threads = 1, .first_place = place};
}

}  // namespace

std::vector<wire::Lease> share_cores(std::uint32_t n_cores, std::span<const std::uint32_t> wanted,
                                     std::uint64_t turn) {
  std::vector<wire::Lease> leases(wanted.size());
  std::vector<std::size_t> busy;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i] > 0) busy.push_back(i);
  if (busy.size() == 1)
    leases[busy.front()] = kAllCores;  // who asked for more threads than cores gets them
  else if (busy.size() <= n_cores)
    deal_evenly(n_cores, wanted, leases);
  else
    deal_in_turns(std::max(n_cores, 1u), turn, busy, leases);
  return leases;
}

CoreLeases::CoreLeases(std::uint32_t n_cores, std::chrono::milliseconds turn)
    : n_cores_(std::max(n_cores, 1u)), turn_length_(turn), clock_([this] { take_turns(); }) {}

CoreLeases::~CoreLeases() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  clock_.join();
}

void CoreLeases::join(std::weak_ptr<Leaseholder> holder) {
  const std::lock_guard lock(mutex_);
  members_.push_back({.holder = std::move(holder), .lease = {}});
  share();
}

void CoreLeases::changed() {
  const std::lock_guard lock(mutex_);
  share();
}

void CoreLeases::share() {
  std::erase_if(members_, [](const Member& member) { return member.holder.expired(); });
  std::vector<std::shared_ptr<Leaseholder>> holders;
  std::vector<std::uint32_t> wanted;
  for (const Member& member : members_) {
    holders.push_back(member.holder.lock());
    wanted.push_back(holders.back() ? holders.back()->n_wanted() : 0);
  }
  const std::vector<wire::Lease> leases = share_cores(n_cores_, wanted, turn_);
  // Cores are given back before they are given out.
  for (const bool gives : {false, true})
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (!holders[i] || members_[i].lease == leases[i]) continue;
      if (gives != (leases[i].n_threads > members_[i].lease.n_threads)) continue;
      members_[i].lease = leases[i];
      holders[i]->take_lease(leases[i]);
    }
  const auto n_busy = std::ranges::count_if(wanted, [](std::uint32_t n) { return n > 0; });
  has_turns_ = static_cast<std::uint64_t>(n_busy) > n_cores_;
  wake_.notify_all();
}

void CoreLeases::take_turns() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    if (!has_turns_) {
      wake_.wait(lock, [this] { return has_turns_ || is_stopping_; });
      continue;
    }
    if (wake_.wait_for(lock, turn_length_, [this] { return !has_turns_ || is_stopping_; }))
      continue;
    ++turn_;
    share();
  }
}

}  // namespace hearth::server
