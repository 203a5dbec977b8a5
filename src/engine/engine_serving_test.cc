// SPDX-License-Identifier: Apache-2.0
//
// What a server needs of the engine: log probabilities, the prefix cache, places and counters.
#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "engine/engine.h"
#include "engine/engine_test_util.h"
#include "model/sequence.h"

namespace hearth::engine {
namespace {

using harness::ask;
using harness::collect;
using harness::Outcome;
using harness::prompt;
using harness::request;
using harness::tiny;

std::vector<TokenId> joined(std::vector<TokenId> a, std::span<const TokenId> b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// The logits after each token, computed one at a time.
std::vector<std::vector<float>> logits_of(std::span<const TokenId> tokens) {
  const auto loaded = LoadedModel::load(tiny(), harness::options()).value();
  std::vector<std::vector<float>> rows;
  harness::walk(*loaded, tokens, {.wanted = model::Wanted::logits}, [&] {
    const auto logits = loaded->forward().logits(0);
    rows.emplace_back(logits.begin(), logits.end());
  });
  return rows;
}

// The position is what the logits say: each log probability by the textbook, the order by the
// logits themselves.
void expect_is(const Position& position, TokenId token, const std::vector<float>& logits,
               std::size_t n_top) {
  double total = 0;
  for (const float logit : logits) total += std::exp(double{logit});
  const auto logprob = [&](TokenId id) {
    return double{logits[static_cast<std::size_t>(id)]} - std::log(total);
  };
  EXPECT_EQ(position.chosen.token, token);
  EXPECT_NEAR(position.chosen.logprob, logprob(token), 1e-5);
  ASSERT_EQ(position.likeliest.size(), n_top);
  auto order = logits;
  std::ranges::sort(order, std::greater());
  const auto tokenizer = tiny_tokenizer();
  for (std::size_t i = 0; i < n_top; ++i) {
    const TokenLogprob& top = position.likeliest[i];
    EXPECT_EQ(logits[static_cast<std::size_t>(top.token)], order[i]);
    EXPECT_NEAR(top.logprob, logprob(top.token), 1e-5);
    EXPECT_EQ(top.piece, tokenizer->bytes_of(top.token));
  }
}

TEST(EngineServing, LogProbabilitiesOfTheAnswerAreTheModels) {
  Engine engine(tiny(), harness::options(), harness::queue());
  Request asked = request(1, prompt(3, 10), 12);
  EXPECT_TRUE(ask(engine, asked).positions.empty());
  asked.sampling.n_probs = 3;
  const Outcome outcome = ask(engine, asked);
  ASSERT_EQ(outcome.tokens.size(), 12u);
  ASSERT_EQ(outcome.positions.size(), 12u);
  const auto logits = logits_of(joined(prompt(3, 10), outcome.tokens));
  std::string bytes;
  for (std::size_t i = 0; i < 12; ++i) {
    expect_is(outcome.positions[i], outcome.tokens[i], logits[9 + i], 3);
    bytes += outcome.positions[i].chosen.piece;
  }
  asked.sampling.n_probs = 0;
  asked.sampling.logprobs = true;
  const Outcome own = ask(engine, asked);
  ASSERT_EQ(own.positions.size(), 12u);
  EXPECT_EQ(own.positions[5].chosen, outcome.positions[5].chosen);
  EXPECT_TRUE(own.positions[5].likeliest.empty());
}

// Read in chunks of various sizes, beside others, with part of the prompt cached, preempted in the
// middle: the same bits.
TEST(EngineServing, LogProbabilitiesOfThePromptAreTheModelsHoweverItIsRead) {
  const auto ids = prompt(5, 150);
  const auto logits = logits_of(ids);
  std::vector<Position> first;
  {
    Engine engine(tiny(), harness::options(), harness::queue());
    Request asked = request(1, ids, 3);
    asked.n_prompt_logprobs = 2;
    const Outcome outcome = ask(engine, asked);
    first = outcome.prompt_positions;
    ASSERT_EQ(first.size(), 149u);
    for (std::size_t i = 0; i < first.size(); ++i) expect_is(first[i], ids[i + 1], logits[i], 2);
    const Outcome again = ask(engine, asked);
    EXPECT_EQ(again.prompt_positions, first);
    EXPECT_EQ(again.started.n_reused, 0u);
    EXPECT_EQ(again.started.cache_stop, CacheStop::not_asked);
    EXPECT_EQ(again.tokens, outcome.tokens);
    // Without an answer; without the likeliest.
    asked.max_tokens = 0;
    asked.n_prompt_logprobs = 0;
    const Outcome prompt_alone = ask(engine, asked);
    EXPECT_TRUE(prompt_alone.tokens.empty());
    ASSERT_EQ(prompt_alone.prompt_positions.size(), 149u);
    for (std::size_t i = 0; i < first.size(); ++i) {
      EXPECT_EQ(prompt_alone.prompt_positions[i].chosen, first[i].chosen);
      EXPECT_TRUE(prompt_alone.prompt_positions[i].likeliest.empty());
    }
    asked.prompt = TokenPrompt{{5}};
    EXPECT_TRUE(ask(engine, asked).prompt_positions.empty());
    asked.n_prompt_logprobs = 1001;
    EXPECT_EQ(ask(engine, asked).error->code, ErrorCode::usage);
  }
  for (const std::uint32_t max_wanted : {1u, 7u, 32u}) {
    LoadOptions load = harness::options(320, 1);
    load.max_wanted = max_wanted;
    Engine engine(tiny(), load, harness::queue());
    std::vector<std::shared_ptr<EventQueue>> events;
    for (RequestId id = 1; id <= 4; ++id) {
      Request asked = request(id, ids, 60);
      if (id % 2 == 0) asked.n_prompt_logprobs = 2;
      events.push_back(harness::queue());
      engine.submit(asked, events.back());
    }
    for (RequestId id = 1; id <= 4; ++id) {
      const Outcome outcome = collect(*events[id - 1]);
      EXPECT_EQ(outcome.prompt_positions, id % 2 == 0 ? first : std::vector<Position>());
      EXPECT_EQ(outcome.tokens.size(), 60u);
    }
  }
}

// The same conversations with every kind of cache, one after the other and all at once.
TEST(EngineServing, TheCacheChangesNoAnswer) {
  const auto conversation = [](RequestId id) {
    auto ids = prompt(9, 130);
    return joined(std::move(ids), prompt(static_cast<TokenId>(id), 10 * id));
  };
  std::map<RequestId, std::vector<TokenId>> expected;
  ServingOptions off;
  off.prefix_cache_bytes = 0;
  {
    Engine engine(tiny(), harness::options(), harness::queue(), off);
    for (RequestId id = 1; id <= 8; ++id) {
      const Outcome outcome = ask(engine, request(id, conversation(id), 40));
      EXPECT_EQ(outcome.started.n_reused, 0u);
      expected[id] = outcome.tokens;
    }
    EXPECT_EQ(engine.counters().kv_blocks_used, 0u);
  }
  const auto block_bytes =
      LoadedModel::load(tiny(), harness::options()).value()->memory().kv_block_bytes;
  for (const std::uint64_t n_blocks : {0u, 3u, 1000u}) {
    ServingOptions serving;
    serving.prefix_cache_bytes = n_blocks * block_bytes;
    Engine engine(tiny(), harness::options(320, 2), harness::queue(), serving);
    for (int round = 0; round < 2; ++round) {
      for (RequestId id = 1; id <= 8; ++id) {
        const Outcome outcome = ask(engine, request(id, conversation(id), 40));
        EXPECT_EQ(outcome.tokens, expected[id]) << id;
        if (n_blocks == 1000 && id > 1) {
          EXPECT_GE(outcome.started.n_reused, 130u);
        }
        EXPECT_EQ(outcome.finished->n_reused, outcome.started.n_reused);
      }
      std::vector<std::shared_ptr<EventQueue>> events;
      for (RequestId id = 1; id <= 8; ++id)
        engine.submit(request(id, conversation(id), 40), events.emplace_back(harness::queue()));
      for (RequestId id = 1; id <= 8; ++id)
        EXPECT_EQ(collect(*events[id - 1]).tokens, expected[id]);
    }
    EXPECT_LE(engine.counters().kv_blocks_cached, n_blocks);
  }
}

TEST(EngineServing, TellsWhereAConversationLeftTheCache) {
  Engine engine(tiny(), harness::options(), harness::queue());
  auto ids = prompt(9, 120);
  EXPECT_EQ(ask(engine, request(1, ids)).started.cache_stop, CacheStop::nothing_alike);
  EXPECT_EQ(ask(engine, request(2, ids)).started.cache_stop, CacheStop::whole_prompt);
  const TokenId was = ids[70];
  ids[70] = was == 20 ? 21 : 20;
  const StartedEvent started = ask(engine, request(3, ids)).started;
  EXPECT_EQ(started.n_reused, 70u);
  EXPECT_EQ(started.cache_stop, CacheStop::other_token);
  EXPECT_EQ(started.cached_token, was);
  EXPECT_EQ(started.n_lost, 120u + 19 - 70);  // the last token of the answer was never computed
  EXPECT_EQ(started.n_repeated, 32u);  // runs of 16 behind the change, of those that the prompt has
  EXPECT_EQ(started.n_shifted, 0);
  Request other = request(4, ids);
  other.cache_scope = 1;
  EXPECT_EQ(ask(engine, other).started.n_reused, 0u);
}

TEST(EngineServing, RequestsBeyondTheirPlacesWaitAndAreCounted) {
  ServingOptions serving;
  serving.scheduling.max_running = 2;
  Engine engine(tiny(), harness::options(100000, 1), harness::queue(), serving);
  std::vector<std::shared_ptr<EventQueue>> events;
  for (RequestId id = 1; id <= 5; ++id)
    engine.submit(request(id, prompt(1, 10), -1), events.emplace_back(harness::queue(100000)));
  ASSERT_TRUE(events[0]->pop().has_value());
  ASSERT_TRUE(events[1]->pop().has_value());
  Counters counters = engine.counters();
  EXPECT_EQ(counters.n_running, 2u);
  EXPECT_EQ(counters.n_waiting, 3u);
  EXPECT_EQ(events[2]->size(), 0u);
  engine.cancel(1);
  ASSERT_TRUE(events[2]->pop().has_value());
  engine.cancel(5);  // which never had a place
  EXPECT_EQ(collect(*events[4]).error->code, ErrorCode::cancelled);
  for (RequestId id = 2; id <= 4; ++id) engine.cancel(id);
  for (RequestId id = 2; id <= 4; ++id) collect(*events[id - 1]);
  const Outcome last = ask(engine, request(6, prompt(200, 40), 20));
  EXPECT_GE(last.finished->queue_seconds, 0);
  counters = engine.counters();
  EXPECT_EQ(counters.n_waiting, 0u);
  EXPECT_GE(counters.n_prompt_tokens, 50u);
  EXPECT_GE(counters.n_generated_tokens, 22u);
  EXPECT_GE(counters.n_steps, 22u);
  EXPECT_GT(counters.n_progress, 2 * counters.n_steps);
  EXPECT_EQ(counters.kv_blocks, (100000u + 63) / 64);
}

// A reader that is gone is noticed although its request, which still reads its prompt, has nothing
// to tell it.
TEST(EngineServing, AReaderThatLeavesDuringThePromptFreesItsPlace) {
  ServingOptions serving;
  serving.scheduling.max_running = 1;
  Engine engine(tiny(), harness::options(100000, 1), harness::queue(), serving);
  auto gone = harness::queue();
  engine.submit(request(1, prompt(1, 90000), -1), gone);
  gone->close();
  const Outcome outcome = ask(engine, request(2, prompt(2, 20), 5));
  EXPECT_EQ(outcome.tokens.size(), 5u);
  EXPECT_LT(engine.counters().n_prompt_tokens, 80000u);
}

}  // namespace
}  // namespace hearth::engine
