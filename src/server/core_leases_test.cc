// SPDX-License-Identifier: Apache-2.0
#include "server/core_leases.h"

#include <gmock/gmock.h>

#include <atomic>

namespace hearth::server {
namespace {

using testing::ElementsAre;
using wire::Lease;

std::vector<Lease> share(std::uint32_t n_cores, std::vector<std::uint32_t> wanted,
                         std::uint64_t turn = 0) {
  return share_cores(n_cores, wanted, turn);
}

TEST(ShareCores, WhoIsAloneHasThemAll) {
  EXPECT_THAT(share(2, {0, 2, 0}), ElementsAre(Lease{}, kAllCores, Lease{}));
  EXPECT_THAT(share(2, {0, 0}), ElementsAre(Lease{}, Lease{}));
}

TEST(ShareCores, SeveralHaveEqualPartsOfTheirOwn) {
  EXPECT_THAT(share(8, {8, 0, 8}), ElementsAre(Lease{4, 0}, Lease{}, Lease{4, 4}));
  EXPECT_THAT(share(5, {8, 8}), ElementsAre(Lease{3, 0}, Lease{2, 3}));
  EXPECT_THAT(share(8, {1, 8, 8}), ElementsAre(Lease{1, 0}, Lease{4, 1}, Lease{3, 5}));
  EXPECT_THAT(share(8, {1, 2}), ElementsAre(Lease{1, 0}, Lease{2, 1}));
}

TEST(ShareCores, MoreThanCoresTakeTurnsAndNobodyIsLeftOut) {
  EXPECT_THAT(share(2, {4, 4, 4}, 0), ElementsAre(Lease{1, 0}, Lease{1, 1}, Lease{}));
  for (const std::uint32_t n_cores : {1u, 2u, 3u, 7u})
    for (std::size_t n = n_cores + 1; n < 12; ++n) {
      std::vector<std::uint64_t> turns(n);
      for (std::uint64_t turn = 0; turn < n * 10; ++turn) {
        const auto leases = share(n_cores, std::vector<std::uint32_t>(n, 4), turn);
        std::vector<bool> taken(n_cores);
        for (std::size_t i = 0; i < n; ++i) {
          if (leases[i].n_threads == 0) continue;
          ++turns[i];
          EXPECT_EQ(leases[i].n_threads, 1u);
          EXPECT_FALSE(taken[leases[i].first_place]);
          taken[leases[i].first_place] = true;
        }
        EXPECT_THAT(taken, testing::Each(true));
      }
      EXPECT_THAT(turns, testing::Each(10 * n_cores)) << n_cores << " cores, " << n << " models";
    }
}

struct Holder : Leaseholder {
  std::uint32_t n_wanted() const override { return wanted; }
  void take_lease(const Lease& lease) override {
    n_threads = lease.n_threads;
    if (lease.n_threads > 0) ++n_turns;
  }
  std::atomic<std::uint32_t> wanted = 0, n_threads = 99, n_turns = 0;
};

TEST(CoreLeases, FollowWhoHasRequests) {
  CoreLeases leases(2);
  const auto a = std::make_shared<Holder>(), b = std::make_shared<Holder>();
  leases.join(a);
  leases.join(b);
  EXPECT_EQ(a->n_threads, 99u);  // nothing to say
  a->wanted = 2;
  leases.changed();
  EXPECT_EQ(a->n_threads, kAllCores.n_threads);
  b->wanted = 2;
  leases.changed();
  EXPECT_EQ(a->n_threads, 1u);
  EXPECT_EQ(b->n_threads, 1u);
  a->wanted = 0;
  leases.changed();
  EXPECT_EQ(a->n_threads, 0u);
  EXPECT_EQ(b->n_threads, kAllCores.n_threads);
}

TEST(CoreLeases, WhoIsGoneNeedsNone) {
  CoreLeases leases(2);
  auto a = std::make_shared<Holder>();
  const auto b = std::make_shared<Holder>();
  a->wanted = b->wanted = 2;
  leases.join(a);
  leases.join(b);
  EXPECT_EQ(b->n_threads, 1u);
  a.reset();
  leases.changed();
  EXPECT_EQ(b->n_threads, kAllCores.n_threads);
}

TEST(CoreLeases, TurnsGoOnByThemselves) {
  CoreLeases leases(1, std::chrono::milliseconds(1));
  const auto a = std::make_shared<Holder>(), b = std::make_shared<Holder>();
  a->wanted = b->wanted = 1;
  leases.join(a);
  leases.join(b);
  leases.changed();
  while (a->n_turns < 3 || b->n_turns < 3) std::this_thread::yield();
  b->wanted = 0;
  leases.changed();
  EXPECT_EQ(a->n_threads, kAllCores.n_threads);
}

}  // namespace
}  // namespace hearth::server
