// SPDX-License-Identifier: Apache-2.0
#include "engine/scheduler.h"

#include <gmock/gmock.h>

#include <map>
#include <random>
#include <set>

#include "engine/fake_engine_test_util.h"

namespace hearth::engine {
namespace {

std::vector<TokenId> random_prompt(std::mt19937& random, std::size_t n) {
  std::vector<TokenId> prompt(n);
  for (TokenId& token : prompt) token = static_cast<TokenId>(random() % 250);
  return prompt;
}

// Whatever is cached, evicted, preempted, cancelled or asked at once, every answer is the one that
// its prompt alone decides; and no block is lost.
TEST(Scheduler, EveryAnswerIsItsOwnUnderRandomLoads) {
  std::uint64_t n_preemptions = 0, n_reused = 0, n_evicted = 0, n_answers = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    FakeOptions options;
    // Room for three of the longest requests.
    options.limits = {.max_rows = 48, .max_wanted = 8, .n_blocks = 18};
    constexpr std::uint32_t kBudgets[] = {0, 3, 1000};
    options.cache_blocks = kBudgets[seed % 3];
    options.scheduling.budget.longest_pause = seed % 2;
    options.hash = seed % 5 == 0 ? same_hash : chain_hash;
    FakeEngine engine(options);
    std::map<RequestId, std::vector<TokenId>> expected;
    engine.on_end = [&](const Running& request) {
      if (!expected.contains(request.request.id)) return;  // cancelled
      const auto& tokens = request.tokens;
      EXPECT_EQ(std::vector<TokenId>(tokens.begin() + request.n_prompt, tokens.end()),
                expected[request.request.id]);
      ++n_answers;
    };
    std::vector<std::vector<TokenId>> pasts = {random_prompt(random, 200)};
    for (int turn = 0; turn < 30; ++turn) {
      for (unsigned arrivals = static_cast<unsigned>(random() % 4); arrivals > 0; --arrivals) {
        // Some beginning of something seen before, then something new.
        std::vector<TokenId> prompt = pasts[random() % pasts.size()];
        prompt.resize(std::min<std::size_t>(prompt.size(), random() % 230));
        const auto fresh = random_prompt(random, 1 + random() % 60);
        prompt.insert(prompt.end(), fresh.begin(), fresh.end());
        const auto n = static_cast<std::int32_t>(1 + random() % 80);
        const Running& added = engine.submit(prompt, n, random() % 3, random() % 2);
        expected[added.request.id] = answer_to(prompt, static_cast<std::size_t>(n));
        const auto& answer = expected[added.request.id];
        prompt.insert(prompt.end(), answer.begin(), answer.end());
        pasts.push_back(std::move(prompt));
      }
      for (auto steps = random() % 20; steps > 0; --steps) engine.step();
      if (!engine.requests.empty() && random() % 4 == 0) {
        const auto victim =
            std::next(engine.requests.begin(),
                      static_cast<std::ptrdiff_t>(random() % engine.requests.size()));
        expected.erase(victim->request.id);
        victim->fail({ErrorCode::cancelled, "cancelled"});
      }
    }
    int n_idle = 0;
    while (!engine.requests.empty() && n_idle < 2) n_idle = engine.step() ? 0 : n_idle + 1;
    EXPECT_TRUE(engine.requests.empty()) << "stuck with seed " << seed;
    EXPECT_EQ(engine.store.pool.n_blocks() - engine.store.pool.n_free(), engine.cache.n_blocks());
    EXPECT_LE(engine.cache.n_blocks(), options.cache_blocks);
    if (options.cache_blocks == 0) {
      EXPECT_EQ(engine.scheduler.n_reused_tokens(), 0u);
    }
    n_preemptions += engine.scheduler.n_preemptions();
    n_reused += engine.scheduler.n_reused_tokens();
    n_evicted += engine.cache.n_evicted();
  }
  EXPECT_GT(n_answers, 1000u);
  EXPECT_GT(n_preemptions, 20u);
  EXPECT_GT(n_reused, 10000u);
  EXPECT_GT(n_evicted, 100u);
}

// Embeddings among them have theirs, and no state is asked for twice.
TEST(Scheduler, EveryEmbeddingIsItsOwnUnderRandomLoads) {
  std::uint64_t n_preemptions = 0, n_reused = 0, n_embeddings = 0;
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    FakeOptions options;
    options.limits = {.max_rows = 24, .max_wanted = 4, .n_blocks = 7};
    options.cache_blocks = seed % 3 == 0 ? 0 : 1000;
    options.scheduling.budget.longest_pause = seed % 2;
    FakeEngine engine(options);
    std::map<RequestId, std::vector<float>> expected;
    engine.on_event = [&](const Event& event) {
      const auto* embedding = std::get_if<EmbeddingEvent>(&event.what);
      if (embedding == nullptr) return;
      EXPECT_EQ(embedding->values, expected[event.request]);
      n_reused += embedding->n_reused;
      ++n_embeddings;
    };
    const std::vector<TokenId> past = random_prompt(random, 200);
    constexpr Pooling kPoolings[] = {Pooling::mean, Pooling::cls, Pooling::last};
    for (int turn = 0; turn < 20; ++turn) {
      engine.submit(random_prompt(random, 1 + random() % 40), static_cast<int>(20 + random() % 100),
                    random() % 3);
      for (int i = 0; i < 3; ++i) {
        std::vector<TokenId> prompt(past.begin(),
                                    past.begin() + static_cast<std::ptrdiff_t>(random() % 200));
        const auto fresh = random_prompt(random, 1 + random() % 60);
        prompt.insert(prompt.end(), fresh.begin(), fresh.end());
        const Pooling pooling = kPoolings[random() % 3];
        const Running& added = engine.submit_embedding(prompt, pooling, random() % 3, random() % 2);
        expected[added.request.id] = embedding_of(prompt, pooling);
      }
      for (auto steps = random() % 60; steps > 0; --steps) engine.step();
      if (!engine.requests.empty() && random() % 4 == 0)
        engine.requests.back().fail({ErrorCode::cancelled, "cancelled"});
    }
    for (int n_idle = 0; !engine.requests.empty() && n_idle < 2;)
      n_idle = engine.step() ? 0 : n_idle + 1;
    EXPECT_TRUE(engine.requests.empty()) << "stuck with seed " << seed;
    EXPECT_EQ(engine.store.pool.n_blocks() - engine.store.pool.n_free(), engine.cache.n_blocks());
    n_preemptions += engine.scheduler.n_preemptions();
  }
  EXPECT_GT(n_embeddings, 2000u);
  EXPECT_GT(n_preemptions, 20u);
  EXPECT_GT(n_reused, 10000u);
}

TEST(Scheduler, ARequestThatFitsNowhereFailsAlone) {
  std::mt19937 random(1);
  FakeOptions options;
  options.limits.n_blocks = 4;
  FakeEngine engine(options);
  std::set<RequestId> answered;
  engine.on_end = [&](const Running& request) {
    if (request.tokens.size() == request.n_prompt + 5) answered.insert(request.request.id);
  };
  engine.submit(random_prompt(random, 100), 5);
  engine.submit(random_prompt(random, 300), 5);
  engine.submit(random_prompt(random, 100), 5);
  for (int i = 0; i < 100 && !engine.requests.empty(); ++i) engine.step();
  EXPECT_THAT(answered, testing::ElementsAre(1u, 3u));
}

// The oldest request never loses what it has, even when its key has had far more than others.
TEST(Scheduler, NobodyTakesBlocksFromAnOlderRequest) {
  std::mt19937 random(2);
  FakeOptions options;
  options.limits = {.max_rows = 64, .max_wanted = 8, .n_blocks = 8};
  FakeEngine engine(options);
  engine.submit(random_prompt(random, 100), 200, 1);
  for (int i = 0; i < 20; ++i) engine.step();
  for (std::uint64_t key = 2; key < 6; ++key) engine.submit(random_prompt(random, 150), 100, key);
  std::map<RequestId, std::uint32_t> longest;
  while (!engine.requests.empty()) {
    engine.step();
    if (engine.requests.empty()) break;
    const Running& oldest = engine.requests.front();
    EXPECT_GE(oldest.sequence.length(), longest[oldest.request.id]);
    for (const Running& request : engine.requests)
      longest[request.request.id] = request.sequence.length();
  }
  EXPECT_GT(engine.scheduler.n_preemptions(), 0u);
}

struct Cost {
  const char* name;
  std::function<double(std::uint32_t, std::uint32_t)> seconds;
};

class StepTimes : public testing::TestWithParam<Cost> {};

// Four streams and a prompt of 8000 tokens: no step lasts longer than twice as long, but for
// the first ones, in which the engine learns, and the few rows that prompts get in any case.
TEST_P(StepTimes, APromptLengthensStepsOnlySoMuch) {
  std::mt19937 random(3);
  FakeOptions options;
  options.limits = {.max_rows = 512, .max_wanted = 8, .n_blocks = 1000};
  FakeEngine engine(options);
  engine.cost = GetParam().seconds;
  for (int i = 0; i < 4; ++i) engine.submit(random_prompt(random, 10), 100000);
  for (int i = 0; i < 50; ++i) engine.step();
  Running& prompt = engine.submit(random_prompt(random, 8000), 100000);
  const double alone = engine.cost(0, 4), least = engine.cost(4, 4);
  double total = 0;
  int n_steps = 0, n_long = 0;
  while (!prompt.has_generated()) {
    ASSERT_LT(++n_steps, 10000);
    engine.step();
    ASSERT_EQ(engine.scheduler.n_generating_rows(), 4u);
    total += engine.last_seconds;
    if (engine.last_seconds > 1.15 * std::max(2 * alone, least)) ++n_long;
  }
  EXPECT_LE(n_long, 5);
  // What is allowed is used.
  const double least_total = std::min(2 * alone, engine.cost(508, 4));
  EXPECT_GT(total / n_steps, 0.9 * std::min(least_total, std::max(2 * alone, least)));
}

INSTANTIATE_TEST_SUITE_P(
    Costs, StepTimes,
    testing::Values(
        Cost{"each_row_the_same",
             [](std::uint32_t p, std::uint32_t g) { return 0.01 + 0.001 * g + 0.0005 * p; }},
        Cost{"free_until_arithmetic_binds",
             [](std::uint32_t p, std::uint32_t g) { return std::max(0.05, 0.002 * (p + g)); }},
        Cost{"slow_rows", [](std::uint32_t p, std::uint32_t g) { return 0.02 * (p + g); }},
        Cost{"in_tiles_of_16",
             [](std::uint32_t p, std::uint32_t g) { return 0.04 + 0.01 * ((p + g + 15) / 16); }}),
    [](const auto& cost) { return cost.param.name; });

// Four streams, after a prompt that was computed alone: what many rows cost is known then.
struct FourStreams : FakeEngine {
  explicit FourStreams(std::mt19937& random)
      : FakeEngine({.limits = {.max_rows = 512, .max_wanted = 40, .n_blocks = 1000}}) {
    cost = [](std::uint32_t p, std::uint32_t g) { return 0.04 + 0.01 * g + 0.006 * p; };
    submit(random_prompt(random, 200), 1);
    step();
    for (int i = 0; i < 4; ++i) submit(random_prompt(random, 10), 100000);
    for (int i = 0; i < 50; ++i) step();
  }
};

// A prompt of 70 tokens is one pause of 0.42 s; the steps after it pay for it, before the next.
TEST(Scheduler, ShortPromptsAreTakenWholeAndPaidFor) {
  std::mt19937 random(8);
  FourStreams engine(random);
  std::vector<const Running*> prompts;
  for (int i = 0; i < 6; ++i) prompts.push_back(&engine.submit(random_prompt(random, 70), 100000));
  double total = 0, alone = 0;
  int n_steps = 0, n_with_prompts = 0;
  while (!prompts.back()->has_generated()) {
    ASSERT_LT(++n_steps, 1000);
    engine.step();
    total += engine.last_seconds;
    alone += engine.cost(0, engine.scheduler.n_generating_rows());
    const std::uint32_t n = engine.scheduler.n_prompt_rows();
    EXPECT_LE(n * 0.006, 0.51);
    if (n > 0) ++n_with_prompts;
    if (n_steps == 1) {
      EXPECT_GE(n, 70u);
    }
  }
  EXPECT_LE(n_with_prompts, 6);
  const double last = 70 * 0.006;  // not paid for yet
  EXPECT_LE(total - last, 2.05 * alone);
  EXPECT_GE(total, 1.8 * alone);
}

// A prompt of 8000 tokens came first, of the same key; short ones have their turns.
TEST(Scheduler, ShortPromptsAndALongOneTakeTurns) {
  std::mt19937 random(9);
  FourStreams engine(random);
  const Running& prompt = engine.submit(random_prompt(random, 8000), 5);
  for (int i = 0; i < 10; ++i) engine.step();
  for (int round = 0; round < 20; ++round) {
    const std::uint32_t before = prompt.sequence.length();
    const Running& short_one = engine.submit(random_prompt(random, 80), 100000);
    int n_steps = 0;
    for (; !short_one.has_generated(); ++n_steps) engine.step();
    EXPECT_LE(n_steps, 20);
    for (; prompt.sequence.length() == before; ++n_steps) engine.step();
    EXPECT_LE(n_steps, 40);
  }
  EXPECT_FALSE(prompt.has_generated());
}

TEST(Scheduler, WhereNobodyGeneratesPromptsTakeWholeSteps) {
  std::mt19937 random(4);
  FakeEngine engine({});
  engine.submit(random_prompt(random, 100), 1);
  engine.submit(random_prompt(random, 60), 1);
  engine.step();
  EXPECT_EQ(engine.scheduler.n_prompt_rows(), 64u);
  engine.step();
  EXPECT_EQ(engine.scheduler.n_prompt_rows(), 64u);
}

// One key asks for ten long prompts, another, later, for a short one.
TEST(Scheduler, AKeyWithManyPromptsDoesNotHoldUpAnother) {
  std::mt19937 random(5);
  FakeEngine engine({});
  for (int i = 0; i < 10; ++i) engine.submit(random_prompt(random, 1000), 5, 1);
  for (int i = 0; i < 5; ++i) engine.step();
  const Running& short_one = engine.submit(random_prompt(random, 100), 5, 2);
  int n_steps = 0;
  for (; !short_one.has_generated(); ++n_steps) engine.step();
  EXPECT_LE(n_steps, 4);  // half of the rows until it has its 100
  // Within a key the oldest is first.
  EXPECT_GT(engine.requests.front().sequence.length(), 0u);
  EXPECT_EQ(std::next(engine.requests.begin())->sequence.length(), 0u);
}

TEST(Scheduler, PlacesGoToTheKeyThatHasFewest) {
  std::mt19937 random(6);
  FakeOptions options;
  options.scheduling.max_running = 2;
  FakeEngine engine(options);
  std::vector<RequestId> order;
  engine.on_end = [&](const Running& request) { order.push_back(request.request.id); };
  for (int i = 0; i < 4; ++i) engine.submit(random_prompt(random, 10), 10 + 5 * i, 1);  // 1 to 4
  for (int i = 0; i < 3; ++i) engine.step();
  engine.submit(random_prompt(random, 10), 10, 2);  // 5
  std::size_t most = 0;
  while (!engine.requests.empty()) {
    engine.step();
    most = std::max(most, static_cast<std::size_t>(std::ranges::count_if(
                              engine.requests, [](const Running& r) { return r.is_admitted(); })));
  }
  EXPECT_EQ(most, 2u);
  EXPECT_THAT(order, testing::ElementsAre(1u, 2u, 5u, 3u, 4u));
}

// A slow reader's request keeps its place, and nobody else waits for it.
TEST(Scheduler, PausedRequestsHaveNoRows) {
  std::mt19937 random(7);
  FakeEngine engine({});
  auto narrow = std::make_shared<EventQueue>(1);
  std::swap(engine.events, narrow);
  Running& slow = engine.submit(random_prompt(random, 10), 10);
  std::swap(engine.events, narrow);
  Running& quick = engine.submit(random_prompt(random, 10), 200);
  for (int i = 0; i < 50; ++i) engine.step();
  EXPECT_FALSE(slow.drained());
  EXPECT_LT(slow.tokens.size(), 15u);
  EXPECT_GT(quick.tokens.size(), 55u);
}

}  // namespace
}  // namespace hearth::engine
