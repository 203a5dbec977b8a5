// SPDX-License-Identifier: Apache-2.0
#include "engine/fair_shares.h"

#include <gtest/gtest.h>

namespace hearth::engine {
namespace {

TEST(FairShares, WhoComesStartsBesideTheLeastServed) {
  FairShares shares;
  shares.arrive(1);
  shares.charge(1, 500);
  shares.arrive(2);
  EXPECT_EQ(shares.served(2), 500u);
  shares.charge(2, 100);
  shares.arrive(1);  // present already
  EXPECT_EQ(shares.served(1), 500u);
  shares.arrive(3);
  EXPECT_EQ(shares.served(3), 500u);
}

TEST(FairShares, LeavingForAMomentClearsNoDebt) {
  FairShares shares;
  shares.arrive(1);
  shares.arrive(2);
  shares.charge(1, 1000);
  shares.leave(1);
  shares.arrive(1);
  EXPECT_EQ(shares.served(1), 1000u);
  shares.leave(1);
  shares.charge(2, 2000);
  shares.arrive(1);  // nor does being away give a claim
  EXPECT_EQ(shares.served(1), 2000u);
}

TEST(FairShares, KeysThatAreGoneAreForgotten) {
  FairShares shares;
  shares.arrive(0);
  for (std::uint64_t key = 1; key <= 100; ++key) {
    shares.arrive(key);
    shares.leave(key);
  }
  EXPECT_EQ(shares.n_keys(), 1u);
  shares.arrive(5);
  shares.charge(5, 10);
  shares.leave(5);
  EXPECT_EQ(shares.n_keys(), 2u);
  shares.leave(0);
  EXPECT_EQ(shares.n_keys(), 0u);
}

}  // namespace
}  // namespace hearth::engine
