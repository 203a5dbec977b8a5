// SPDX-License-Identifier: Apache-2.0
//
// Who has had how much: rows computed for each key, so that the key with the least comes next. A
// key that comes back after having been away, or for the first time, starts where the least served
// of those present stands: nobody saves up a claim by being idle, nor escapes a debt by hanging up
// for a moment. (The virtual counters of "Fairness in Serving Large Language Models",
// arXiv:2401.00588.) One thread.
#pragma once

#include <cstdint>
#include <map>

namespace hearth::engine {

class FairShares {
 public:
  // A request of this key has come, is gone.
  void arrive(std::uint64_t key);
  void leave(std::uint64_t key);
  // Of a key that is present.
  void charge(std::uint64_t key, std::uint32_t n_rows);
  std::uint64_t served(std::uint64_t key) const;

  std::size_t n_keys() const { return accounts_.size(); }

 private:
  struct Account {
    std::uint64_t n_served = 0;
    std::uint32_t n_requests = 0;
  };
  // Of those present; 0 when nobody is.
  std::uint64_t least_served() const;

  std::map<std::uint64_t, Account> accounts_;  // present ones, and absent ones in debt
};

}  // namespace hearth::engine
