// SPDX-License-Identifier: Apache-2.0
//
// An engine without a model or a clock: scheduler and cache as they are, blocks that hold the
// tokens themselves, and a formula for how long a step takes. The next token is a function of all
// that a sequence's blocks hold, so a block that was shared, kept or computed wrongly changes the
// answer.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>

#include "engine/engine_test_util.h"
#include "engine/scheduler.h"

namespace hearth::engine {

// A hash that tells nothing apart.
inline std::uint64_t same_hash(std::uint64_t /*before*/, std::span<const TokenId> /*tokens*/) {
  return 1;
}

struct FakeKey {
  TokenId token = -1;
  std::uint64_t scope = 0;
  bool operator==(const FakeKey&) const = default;
};

inline TokenId next_after(std::span<const TokenId> past) {
  std::uint32_t digest = 17;
  for (const TokenId token : past) digest = digest * 31 + static_cast<std::uint32_t>(token);
  return static_cast<TokenId>((digest >> 7) % 250);
}

inline std::vector<TokenId> answer_to(std::vector<TokenId> prompt, std::size_t n) {
  const std::size_t n_prompt = prompt.size();
  while (prompt.size() < n_prompt + n) prompt.push_back(next_after(prompt));
  return {prompt.begin() + static_cast<std::ptrdiff_t>(n_prompt), prompt.end()};
}

// A hidden state is a function of all that came before, too.
inline std::array<float, 2> state_after(std::span<const TokenId> past) {
  return {static_cast<float>(next_after(past)), 1};
}

inline std::vector<float> embedding_of(std::span<const TokenId> prompt, Pooling pooling) {
  double a = 0, b = 0;
  const std::size_t begin = pooling == Pooling::last ? prompt.size() - 1 : 0;
  const std::size_t end = pooling == Pooling::cls ? 1 : prompt.size();
  for (std::size_t i = begin; i < end; ++i) {
    a += double{state_after(prompt.first(i + 1))[0]};
    b += 1;
  }
  const double length = std::sqrt(a * a + b * b);
  return {static_cast<float>(a / length), static_cast<float>(b / length)};
}

struct FakeOptions {
  model::ExecutorLimits limits = {.max_rows = 64, .max_wanted = 16, .n_blocks = 1000};
  SchedulingOptions scheduling;
  std::uint32_t cache_blocks = 1000;
  ChainHash hash = chain_hash;
};

struct FakeEngine {
  explicit FakeEngine(const FakeOptions& options)
      : memory(options.limits.n_blocks),
        store{model::BlockPool(options.limits.n_blocks),
              [this](model::BlockId from, model::BlockId to) { memory[to] = memory[from]; }},
        cache(store, options.cache_blocks, options.hash),
        scheduler(options.limits, store, cache, options.scheduling) {}

  Running& submit(std::vector<TokenId> prompt, std::int32_t max_tokens, std::uint64_t share_key = 0,
                  std::uint64_t scope = 0) {
    Request request;
    request.id = ++last_id;
    request.max_tokens = max_tokens;
    request.ignore_end = true;
    request.share_key = share_key;
    request.cache_scope = scope;
    Running& added = requests.emplace_back(std::move(request), events, *tokenizer, store,
                                           std::move(prompt), Clock::time_point{});
    added.sampler = sample::Sampler::create({.temp = 0}, tokenizer->size()).value();
    scheduler.arrive(added);
    return added;
  }

  Running& submit_embedding(std::vector<TokenId> prompt, Pooling pooling, std::uint64_t share_key,
                            std::uint64_t scope) {
    Request request;
    request.id = ++last_id;
    request.share_key = share_key;
    request.cache_scope = scope;
    request.embedding = EmbeddingOptions{.pooling = pooling};
    Running& added = requests.emplace_back(std::move(request), events, *tokenizer, store,
                                           std::move(prompt), Clock::time_point{});
    scheduler.arrive(added);
    return added;
  }

  // False if there was nothing to compute.
  bool step() {
    scheduler.schedule(requests, batch);
    for (Running& request : requests)
      if (request.step.n_rows > 0) compute(request);
    if (!batch.rows.empty()) {
      last_seconds = cost(scheduler.n_prompt_rows(), scheduler.n_generating_rows());
      scheduler.record(last_seconds);
    }
    retire();
    return !batch.rows.empty();
  }

  void compute(Running& request) {
    const std::uint32_t start = request.sequence.length(), end = start + request.step.n_rows;
    const auto blocks = request.sequence.blocks();
    const auto key_at = [&](std::uint32_t i) -> FakeKey& {
      return memory[blocks[i / model::kBlockTokens]][i % model::kBlockTokens];
    };
    for (std::uint32_t i = start; i < end; ++i) {
      EXPECT_EQ(store.pool.references(blocks[i / model::kBlockTokens]), 1u)
          << "written while shared";
      key_at(i) = {request.tokens[i], request.request.cache_scope};
    }
    std::vector<TokenId> past;
    for (std::uint32_t i = 0; i < end; ++i) {
      EXPECT_EQ(key_at(i).scope, request.request.cache_scope);
      past.push_back(key_at(i).token);
    }
    scheduler.commit(request);
    std::uint32_t n_states = 0;
    for (std::uint32_t i = start; i < end && !request.ended(); ++i) {
      if (request.wanted(i) != model::Wanted::hidden) continue;
      EXPECT_TRUE(request.take_state(i, state_after(std::span(past).first(i + 1))));
      ++n_states;
    }
    EXPECT_EQ(n_states, request.step.n_states);
    if (request.step.n_logits == 0) return;
    request.accept({.id = next_after(past), .probability = 1, .logprob = 0, .top = {}}, 1U << 30);
  }

  void retire() {
    for (auto it = requests.begin(); it != requests.end();) {
      it->flush();
      if (!it->ended()) {
        ++it;
        continue;
      }
      scheduler.let_go(*it);
      if (on_end) on_end(*it);
      scheduler.leave(*it);
      it = requests.erase(it);
    }
    while (auto event = events->try_pop())
      if (on_event) on_event(*event);
  }

  std::shared_ptr<const text::Tokenizer> tokenizer = tiny_tokenizer();
  std::vector<std::array<FakeKey, model::kBlockTokens>> memory;
  model::SequenceStore store;
  PrefixCache cache;
  Scheduler scheduler;
  std::list<Running> requests;
  std::shared_ptr<EventQueue> events = std::make_shared<EventQueue>(100000);
  model::Batch batch;
  std::function<double(std::uint32_t n_prompt, std::uint32_t n_generating)> cost =
      [](std::uint32_t n_prompt, std::uint32_t n_generating) {
        return 0.01 + 0.001 * (n_prompt + n_generating);
      };
  std::function<void(const Running&)> on_end;
  std::function<void(const Event&)> on_event;
  double last_seconds = 0;
  RequestId last_id = 0;
};

}  // namespace hearth::engine
