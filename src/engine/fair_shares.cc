// SPDX-License-Identifier: Apache-2.0
#include "engine/fair_shares.h"

#include <algorithm>
#include <optional>

#include "base/check.h"

namespace hearth::engine {

void FairShares::arrive(std::uint64_t key) {
  const std::uint64_t least = least_served();
  Account& account = accounts_[key];
  if (account.n_requests++ == 0) account.n_served = std::max(account.n_served, least);
}

void FairShares::leave(std::uint64_t key) {
  Account& account = accounts_.at(key);
  CHECK(account.n_requests > 0);
  if (--account.n_requests > 0) return;
  const bool is_anyone_there =
      std::ranges::any_of(accounts_, [](const auto& entry) { return entry.second.n_requests > 0; });
  const std::uint64_t least = least_served();
  std::erase_if(accounts_, [&](const auto& entry) {
    return entry.second.n_requests == 0 && (!is_anyone_there || entry.second.n_served <= least);
  });
}

void FairShares::charge(std::uint64_t key, std::uint32_t n_rows) {
  accounts_.at(key).n_served += n_rows;
}

std::uint64_t FairShares::served(std::uint64_t key) const {
  return accounts_.at(key).n_served;
}

std::uint64_t FairShares::least_served() const {
  std::optional<std::uint64_t> least;
  for (const auto& [key, account] : accounts_)
    if (account.n_requests > 0 && (!least || account.n_served < *least)) least = account.n_served;
  return least.value_or(0);
}

}  // namespace hearth::engine
