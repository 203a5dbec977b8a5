// SPDX-License-Identifier: Apache-2.0
//
// Embeddings out of the engine, against states that were computed one token at a time, normed and
// pooled in float64 by the textbook; and the same bits in every company.
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <random>

#include "engine/engine.h"
#include "engine/engine_test_util.h"

namespace hearth::engine {
namespace {

using harness::prompt;
using harness::tiny;
using testing::HasSubstr;

Request embed_of(RequestId id, std::vector<TokenId> ids, Pooling pooling,
                 std::uint32_t n_dims = 0) {
  Request request;
  request.id = id;
  request.prompt = TokenPrompt{std::move(ids)};
  request.embedding = EmbeddingOptions{.pooling = pooling, .n_dims = n_dims};
  return request;
}

struct Embedded {
  EmbeddingEvent event;
  std::optional<Error> error;
};

// The one event of such a request.
Embedded take_embedding(EventQueue& events) {
  Embedded result;
  const auto event = events.pop();
  if (!event) return result;
  if (const auto* embedding = std::get_if<EmbeddingEvent>(&event->what)) result.event = *embedding;
  if (const auto* failed = std::get_if<FailedEvent>(&event->what)) result.error = failed->error;
  EXPECT_EQ(events.size(), 0u);
  return result;
}

Embedded ask_embedding(Engine& engine, Request request) {
  const auto events = harness::queue();
  engine.submit(std::move(request), events);
  return take_embedding(*events);
}

bool same_embedding(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && !a.empty() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// The last layer's output after each token, the final norm applied in float64.
std::vector<std::vector<double>> final_states_of(std::span<const TokenId> tokens) {
  const auto loaded = LoadedModel::load(tiny("tiny-llama-f32"), harness::options()).value();
  const format::Tensor& norm = *loaded->gguf().find_tensor("output_norm.weight");
  std::vector<float> weight(norm.n_elements());
  std::memcpy(weight.data(), norm.bytes.data(), weight.size() * sizeof(float));
  std::vector<std::vector<double>> states;
  harness::walk(*loaded, tokens, {.wanted = model::Wanted::hidden, .hidden_layer = 1}, [&] {
    const auto raw = loaded->forward().hidden(0);
    double squares = 0;
    for (const float x : raw) squares += double{x} * double{x};
    const double scale = 1 / std::sqrt(squares / static_cast<double>(raw.size()) +
                                       double{loaded->plan().hparams.rms_epsilon});
    std::vector<double>& state = states.emplace_back(raw.size());
    for (std::size_t j = 0; j < raw.size(); ++j)
      state[j] = double{raw[j]} * scale * double{weight[j]};
  });
  return states;
}

std::vector<double> pooled_by_hand(const std::vector<std::vector<double>>& states, Pooling pooling,
                                   std::size_t n_dims) {
  std::vector<double> pooled(n_dims);
  for (std::size_t t = 0; t < states.size(); ++t) {
    if (pooling == Pooling::cls && t != 0) continue;
    if (pooling == Pooling::last && t + 1 != states.size()) continue;
    for (std::size_t j = 0; j < n_dims; ++j) pooled[j] += states[t][j];
  }
  double squares = 0;
  for (const double x : pooled) squares += x * x;
  for (double& x : pooled) x /= std::sqrt(squares);
  return pooled;
}

TEST(EngineEmbedding, IsThePooledStatesOfThePrompt) {
  Engine engine(tiny("tiny-llama-f32"), harness::options(), harness::queue());
  const auto ids = prompt(3, 75);
  const auto states = final_states_of(ids);
  for (const Pooling pooling : {Pooling::mean, Pooling::cls, Pooling::last, Pooling::of_model}) {
    for (const std::uint32_t n_dims : {0u, 5u}) {
      const Embedded embedded = ask_embedding(engine, embed_of(1, ids, pooling, n_dims));
      ASSERT_FALSE(embedded.error) << embedded.error->message;
      // The file names no pooling: the last token's, which has seen all others.
      const auto expected =
          pooled_by_hand(states, pooling == Pooling::of_model ? Pooling::last : pooling,
                         n_dims == 0 ? states[0].size() : n_dims);
      ASSERT_EQ(embedded.event.values.size(), expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i)
        EXPECT_NEAR(double{embedded.event.values[i]}, expected[i], 1e-6);
      EXPECT_EQ(embedded.event.n_prompt, 75u);
    }
  }
}

// Alone, in chunks of any size, beside streams and each other, out of the cache or without it, and
// with blocks for two of them at most: the same bits.
TEST(EngineEmbedding, HasTheSameBitsInAnyCompany) {
  constexpr std::size_t kPrompts = 6;
  const auto prompt_of = [](std::size_t i) {
    auto ids = prompt(9, 40 + 20 * (i % 2));  // two beginnings
    const auto rest = prompt(static_cast<TokenId>(50 * i), 30 + 17 * i);
    ids.insert(ids.end(), rest.begin(), rest.end());
    return ids;
  };
  const auto pooling_of_prompt = [](std::size_t i) {
    return i % 3 == 0 ? Pooling::last : Pooling::mean;
  };
  std::vector<std::vector<float>> alone;
  {
    LoadOptions options = harness::options();
    options.n_ubatch = 256;
    ServingOptions off;
    off.prefix_cache_bytes = 0;
    Engine engine(tiny(), options, harness::queue(), off);
    for (std::size_t i = 0; i < kPrompts; ++i) {
      const Embedded embedded =
          ask_embedding(engine, embed_of(1, prompt_of(i), pooling_of_prompt(i)));
      EXPECT_EQ(embedded.event.n_reused, 0u);
      alone.push_back(embedded.event.values);
    }
  }
  std::uint64_t n_preemptions = 0;
  for (const std::uint32_t n_ubatch : {3u, 7u, 64u}) {
    LoadOptions options = harness::options(256, 1);  // four blocks in all
    options.n_ubatch = n_ubatch;
    options.max_wanted = 8;
    Engine engine(tiny(), options, harness::queue());
    for (int round = 0; round < 2; ++round) {
      std::vector<std::shared_ptr<EventQueue>> events;
      const auto stream = harness::queue();
      engine.submit(harness::request(99, prompt(200, 20), 200), stream);
      for (std::size_t i = 0; i < kPrompts; ++i)
        engine.submit(embed_of(i + 1, prompt_of(i), pooling_of_prompt(i)),
                      events.emplace_back(harness::queue()));
      for (std::size_t i = 0; i < kPrompts; ++i) {
        const Embedded embedded = take_embedding(*events[i]);
        ASSERT_FALSE(embedded.error) << embedded.error->message;
        EXPECT_TRUE(same_embedding(embedded.event.values, alone[i])) << n_ubatch << " " << i;
      }
      EXPECT_EQ(harness::collect(*stream).tokens.size(), 200u);
      // Of a mean all states are wanted, so none of its tokens comes from the cache.
      const Embedded again = ask_embedding(engine, embed_of(7, prompt_of(1), Pooling::mean));
      EXPECT_EQ(again.event.n_reused, 0u);
      EXPECT_TRUE(same_embedding(again.event.values, alone[1]));
      // The last token's state needs the last token alone.
      for (int time = 0; time < 2; ++time) {
        const Embedded last = ask_embedding(engine, embed_of(8, prompt_of(0), Pooling::last));
        EXPECT_TRUE(same_embedding(last.event.values, alone[0]));
        if (time == 1) {
          EXPECT_EQ(last.event.n_reused + 1, last.event.n_prompt);
        }
      }
    }
    n_preemptions += engine.counters().n_preemptions;
  }
  EXPECT_GT(n_preemptions, 0u);
}

TEST(EngineEmbedding, NamesWhatIsWrong) {
  Engine engine(tiny(), harness::options(64), harness::queue());
  EXPECT_FALSE(
      ask_embedding(engine, embed_of(1, prompt(1, 64), Pooling::mean)).error);  // no room is needed
  const auto too_long = ask_embedding(engine, embed_of(1, prompt(1, 65), Pooling::mean)).error;
  ASSERT_TRUE(too_long);
  EXPECT_EQ(too_long->code, ErrorCode::does_not_fit);
  EXPECT_THAT(too_long->message, testing::AllOf(HasSubstr("65"), HasSubstr("64")));
  const auto too_wide = ask_embedding(engine, embed_of(1, prompt(1, 6), Pooling::mean, 65)).error;
  ASSERT_TRUE(too_wide);
  EXPECT_EQ(too_wide->code, ErrorCode::usage);
  EXPECT_THAT(too_wide->message, testing::StartsWith("dimensions: 65"));
  EXPECT_EQ(ask_embedding(engine, embed_of(1, {5000}, Pooling::mean)).error->code,
            ErrorCode::usage);
}

TEST(EngineEmbedding, CanBeCancelled) {
  ServingOptions serving;
  serving.scheduling.max_running = 1;
  Engine engine(tiny(), harness::options(100000, 1), harness::queue(), serving);
  const auto events = harness::queue(), waiting = harness::queue();
  engine.submit(embed_of(1, prompt(1, 90000), Pooling::mean), events);
  engine.submit(embed_of(2, prompt(2, 20), Pooling::mean), waiting);
  engine.cancel(1);
  EXPECT_EQ(take_embedding(*events).error->code, ErrorCode::cancelled);
  EXPECT_EQ(take_embedding(*waiting).event.values.size(), 64u);
  EXPECT_LT(engine.counters().n_prompt_tokens, 80000u);
}

// What says that it wants no cache takes nothing from it, and leaves nothing for others.
TEST(EngineEmbedding, WithoutTheCacheNothingIsTakenOrLeft) {
  Engine engine(tiny(), harness::options(), harness::queue());
  Request apart = harness::request(1, prompt(9, 120));
  apart.uses_cache = false;
  EXPECT_EQ(harness::ask(engine, apart).started.cache_stop, CacheStop::not_asked);
  EXPECT_EQ(engine.counters().kv_blocks_used, 0u);
  const auto first = harness::ask(engine, harness::request(2, prompt(9, 120)));
  EXPECT_EQ(first.started.cache_stop, CacheStop::nothing_alike);
  const auto second = harness::ask(engine, apart);
  EXPECT_EQ(second.started.n_reused, 0u);
  EXPECT_EQ(second.tokens, first.tokens);
}

}  // namespace
}  // namespace hearth::engine
