// SPDX-License-Identifier: Apache-2.0
#include "engine/prefix_cache.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "engine/fake_engine_test_util.h"

namespace hearth::engine {
namespace {

std::vector<TokenId> counting(TokenId first, std::size_t n) {
  std::vector<TokenId> tokens(n);
  for (std::size_t i = 0; i < n; ++i) tokens[i] = first + static_cast<TokenId>(i);
  return tokens;
}

struct World {
  explicit World(std::uint32_t max_blocks = 1000, ChainHash hash = chain_hash)
      : store{model::BlockPool(100), [](model::BlockId, model::BlockId) {}},
        cache(store, max_blocks, hash) {}

  // A sequence that has computed these tokens, ended and was kept.
  void remember(std::span<const TokenId> tokens, std::uint64_t scope = 0) {
    model::Sequence sequence(store);
    const CacheMatch match = cache.adopt(scope, tokens, sequence);
    ASSERT_TRUE(sequence.reserve(static_cast<std::uint32_t>(tokens.size()) - match.n_tokens));
    sequence.commit(static_cast<std::uint32_t>(tokens.size()) - match.n_tokens);
    cache.keep(scope, tokens, sequence, true);
  }
  CacheMatch find(std::span<const TokenId> tokens, std::uint64_t scope = 0) {
    model::Sequence sequence(store);
    const CacheMatch match = cache.adopt(scope, tokens, sequence);
    EXPECT_EQ(sequence.length(), match.n_tokens);
    return match;
  }
  std::uint32_t n_used() const { return store.pool.n_blocks() - store.pool.n_free(); }

  model::SequenceStore store;
  PrefixCache cache;
};

TEST(PrefixCache, BlocksOutliveTheirSequenceAndSayWhereTheyEnd) {
  World world;
  const auto past = counting(0, 200);
  world.remember(past);
  EXPECT_EQ(world.n_used(), 4u);

  CacheMatch match = world.find(past);
  EXPECT_EQ(match.n_tokens, 200u);
  EXPECT_EQ(match.stop, CacheStop::whole_prompt);

  match = world.find(std::span(past).first(150));  // ends inside a full block
  EXPECT_EQ(match.n_tokens, 150u);
  EXPECT_EQ(match.stop, CacheStop::whole_prompt);

  auto longer = counting(0, 230);
  match = world.find(longer);
  EXPECT_EQ(match.n_tokens, 200u);
  EXPECT_EQ(match.stop, CacheStop::end_of_past);

  longer[100] = -5;  // in the second block
  match = world.find(longer);
  EXPECT_EQ(match.n_tokens, 100u);
  EXPECT_EQ(match.stop, CacheStop::other_token);
  EXPECT_EQ(match.cached_token, 100);
  EXPECT_EQ(match.lost, counting(100, 100));
  EXPECT_EQ(match.n_lost, 100u);

  longer[0] = -5;
  match = world.find(longer);
  EXPECT_EQ(match.n_tokens, 0u);
  EXPECT_EQ(match.stop, CacheStop::nothing_alike);
}

TEST(PrefixCache, ScopesSeeNothingOfEachOther) {
  World world;
  world.remember(counting(0, 200), 7);
  EXPECT_EQ(world.find(counting(0, 200), 8).stop, CacheStop::nothing_alike);
  world.remember(counting(0, 200), 8);
  EXPECT_EQ(world.n_used(), 8u);
  EXPECT_EQ(world.find(counting(0, 200), 7).n_tokens, 200u);
}

TEST(PrefixCache, WhatIsCommonIsKeptOnce) {
  World world;
  world.remember(counting(0, 128));
  auto branch = counting(0, 256);
  world.remember(branch);
  EXPECT_EQ(world.n_used(), 4u);
  branch[200] = 7;
  world.remember(branch);
  EXPECT_EQ(world.n_used(), 5u);
  EXPECT_EQ(world.find(counting(0, 256)).n_tokens, 256u);
  EXPECT_EQ(world.find(branch).n_tokens, 256u);
}

// A chat's next turn takes the place of the unfinished block it went on from.
TEST(PrefixCache, AnUnfinishedBlockGivesWayToItsContinuation) {
  World world;
  world.remember(counting(0, 70));
  world.remember(counting(0, 100));
  EXPECT_EQ(world.n_used(), 2u);
  world.remember(counting(0, 130));
  EXPECT_EQ(world.n_used(), 3u);
  world.remember(counting(0, 80));  // nothing new
  EXPECT_EQ(world.n_used(), 3u);
  EXPECT_EQ(world.find(counting(0, 130)).n_tokens, 130u);
}

TEST(PrefixCache, TheOldestGoesFirstAndEndsBeforeBeginnings) {
  World world(6);
  world.remember(counting(0, 192));
  world.remember(counting(1000, 192));
  EXPECT_EQ(world.find(counting(0, 128)).n_tokens, 128u);  // its third block is the oldest of all
  world.remember(counting(2000, 64));
  EXPECT_EQ(world.n_used(), 6u);
  EXPECT_EQ(world.find(counting(0, 192)).n_tokens, 128u);
  EXPECT_EQ(world.find(counting(1000, 192)).n_tokens, 192u);
  world.remember(counting(3000, 64 * 6));
  EXPECT_EQ(world.find(counting(2000, 64)).n_tokens, 0u);
  EXPECT_EQ(world.find(counting(3000, 64 * 6)).n_tokens, 64u * 6);
  World off(0);
  off.remember(counting(0, 200));
  EXPECT_EQ(off.n_used(), 0u);
  EXPECT_EQ(off.find(counting(0, 200)).stop, CacheStop::not_asked);
}

TEST(PrefixCache, MakesRoomOfWhatNobodyUses) {
  World world;
  world.remember(counting(0, 192));
  world.remember(counting(1000, 192));
  model::Sequence user(world.store);
  ASSERT_EQ(world.cache.adopt(0, counting(0, 192), user).n_tokens, 192u);
  EXPECT_EQ(world.cache.n_idle_blocks(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(world.cache.make_room(user));
  EXPECT_FALSE(world.cache.make_room(user));
  EXPECT_EQ(world.n_used(), 3u);
  EXPECT_EQ(world.find(counting(1000, 192)).n_tokens, 0u);
}

// Two sequences computed the same at once: the later one shares what the earlier one has shown.
TEST(PrefixCache, DuplicatesAreGivenUp) {
  World world;
  const auto tokens = counting(0, 150);
  model::Sequence first(world.store), second(world.store);
  for (model::Sequence* sequence : {&first, &second}) {
    ASSERT_TRUE(sequence->reserve(150));
    sequence->commit(150);
  }
  EXPECT_EQ(world.n_used(), 6u);
  world.cache.keep(0, tokens, first, false);
  world.cache.keep(0, tokens, second, false);
  EXPECT_EQ(world.n_used(), 4u);
  EXPECT_TRUE(std::ranges::equal(first.blocks().first(2), second.blocks().first(2)));
  EXPECT_NE(first.blocks()[2], second.blocks()[2]);
}

// All blocks are in use, the last one by the cache as well: the sequence gets it for itself.
TEST(PrefixCache, GivesUpItsShareInTheBlockThatIsWritten) {
  World world;
  world.remember(counting(0, 100 * 64 - 10));
  EXPECT_EQ(world.store.pool.n_free(), 0u);
  model::Sequence user(world.store);
  ASSERT_EQ(world.cache.adopt(0, counting(0, 100 * 64 - 10), user).n_tokens, 100u * 64 - 10);
  EXPECT_FALSE(user.reserve(1));
  EXPECT_TRUE(world.cache.make_room(user));
  EXPECT_TRUE(user.reserve(10));
  EXPECT_FALSE(world.cache.make_room(user));
}

// Against a list of everything ever kept, with room for all of it: the longest common beginning, to
// the token, however the hash behaves.
TEST(PrefixCache, FindsTheLongestBeginningThereIs) {
  for (const ChainHash hash : {chain_hash, same_hash}) {
    World world(1000, hash);
    std::mt19937 random(11);
    std::vector<std::pair<std::uint64_t, std::vector<TokenId>>> kept;
    for (int round = 0; round < 60 && world.store.pool.n_free() > 8; ++round) {
      // Two letters in few stretches, so that beginnings are often alike.
      std::vector<TokenId> tokens;
      while (tokens.size() < 20 + random() % 250)
        tokens.insert(tokens.end(), 1 + random() % 90, static_cast<TokenId>(random() % 2));
      const std::uint64_t scope = random() % 2;
      std::size_t longest = 0;
      for (const auto& [of_scope, other] : kept) {
        if (of_scope != scope) continue;
        const auto end = std::ranges::mismatch(tokens, other).in1;
        longest = std::max(longest, static_cast<std::size_t>(end - tokens.begin()));
      }
      EXPECT_EQ(world.find(tokens, scope).n_tokens, longest);
      world.remember(tokens, scope);
      kept.emplace_back(scope, tokens);
    }
    EXPECT_GT(kept.size(), 20u);
    EXPECT_EQ(world.n_used(), world.cache.n_blocks());
  }
}

}  // namespace
}  // namespace hearth::engine
