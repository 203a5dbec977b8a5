// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <map>

#include "engine/engine_test_util.h"

namespace hearth::engine {
namespace {

using testing::HasSubstr;

using harness::ask;
using harness::collect;
using harness::options;
using harness::Outcome;
using harness::prompt;
using harness::queue;
using harness::request;
using harness::tiny;

TEST(Engine, LoadsWithProgressAndAnswers) {
  auto load_events = queue();
  Engine engine(tiny(), options(), load_events);
  const Outcome outcome = ask(engine, request(1, prompt(3, 40)));
  ASSERT_TRUE(outcome.finished.has_value());
  EXPECT_EQ(outcome.tokens.size(), 20u);
  EXPECT_EQ(outcome.finished->reason, FinishReason::max_tokens);
  EXPECT_EQ(outcome.finished->n_prompt, 40u);
  bool loaded = false;
  while (auto event = load_events->try_pop()) {
    if (const auto* facts = std::get_if<LoadedEvent>(&event->what)) {
      loaded = true;
      EXPECT_EQ(facts->n_ctx, 256u);
      EXPECT_EQ(facts->sampling, sample::SamplingParams{});  // a file and family without wishes
    }
  }
  EXPECT_TRUE(loaded);
}

TEST(Engine, AFailedLoadFailsItsRequests) {
  auto load_events = queue();
  std::vector<format::NamedFd> shards;
  shards.push_back({UniqueFd(::open("/dev/null", O_RDONLY)), "nothing.gguf"});
  Engine engine(std::move(shards), options(), load_events);
  const Outcome outcome = ask(engine, request(1, prompt(3, 4)));
  ASSERT_TRUE(outcome.error.has_value());
  const Outcome load = collect(*load_events);
  ASSERT_TRUE(load.error.has_value());
  EXPECT_THAT(load.error->message, HasSubstr("nothing.gguf"));
}

TEST(Engine, ManyRequestsAnswerAsEachAlone) {
  std::map<RequestId, std::vector<TokenId>> alone;
  const auto asked = [](RequestId id) {
    return request(id, prompt(static_cast<TokenId>(id * 11), 5 + 13 * id), 24);
  };
  for (RequestId id = 1; id <= 6; ++id) {
    Engine engine(tiny(), options(256, 1), queue());
    alone[id] = ask(engine, asked(id)).tokens;
    EXPECT_EQ(alone[id].size(), 24u);
  }
  Engine engine(tiny(), options(256, 6), queue());
  std::vector<std::shared_ptr<EventQueue>> events;
  for (RequestId id = 1; id <= 6; ++id) {
    events.push_back(queue());
    engine.submit(asked(id), events.back());
  }
  for (RequestId id = 1; id <= 6; ++id) EXPECT_EQ(collect(*events[id - 1]).tokens, alone[id]) << id;
}

// The same seed gives the same text: six requests at temperature 1.2 with penalties, DRY, XTC,
// mirostat and adaptive-p among them, each alone, then together in different companies and orders.
TEST(Engine, TheSeedDecidesWhateverElseRuns) {
  const auto asked = [](RequestId id) {
    Request sampled = request(id, prompt(static_cast<TokenId>(id * 7), 3 + 17 * id), 30);
    sampled.sampling.temp = 1.2F;
    sampled.sampling.seed = 1000 + id;
    sampled.sampling.repeat_penalty = 1.1F;
    sampled.sampling.dry_multiplier = 0.8F;
    sampled.dry_breakers = {"\n"};
    if (id == 2) sampled.sampling.xtc_probability = 0.5F;
    if (id == 3) sampled.sampling.mirostat = 2;
    if (id == 4) sampled.sampling.mirostat = 1;
    if (id == 5) {
      sampled.sampling.adaptive_target = 0.3F;
      sampled.sampling.samplers.push_back(sample::SamplerKind::adaptive_p);
    }
    return sampled;
  };
  std::map<RequestId, std::vector<TokenId>> alone;
  for (RequestId id = 1; id <= 6; ++id) {
    Engine engine(tiny(), options(256, 1), queue());
    alone[id] = ask(engine, asked(id)).tokens;
    ASSERT_EQ(alone[id].size(), 30u);
  }
  Engine engine(tiny(), options(256, 6), queue());
  const std::vector<RequestId> companies[] = {
      {1, 2, 3, 4, 5, 6}, {6, 5, 4, 3, 2, 1}, {3, 1}, {5, 2, 4}};
  for (const auto& company : companies) {
    std::map<RequestId, std::shared_ptr<EventQueue>> events;
    for (const RequestId id : company) engine.submit(asked(id), events[id] = queue());
    for (const RequestId id : company) EXPECT_EQ(collect(*events[id]).tokens, alone[id]) << id;
  }
  Request other = asked(1);
  other.sampling.seed = 7;
  EXPECT_NE(ask(engine, other).tokens, alone[1]);
}

// Six requests in a cache that holds fewer than two: the young ones lose their blocks again and
// again, and every answer is what it would have been.
TEST(Engine, ShortageOfBlocksChangesNoAnswer) {
  std::map<RequestId, std::vector<TokenId>> alone;
  const auto asked = [](RequestId id) {
    return request(id, prompt(static_cast<TokenId>(id * 5), 100), 60);
  };
  Engine roomy(tiny(), options(256, 8), queue());
  for (RequestId id = 1; id <= 6; ++id) alone[id] = ask(roomy, asked(id)).tokens;
  Engine tight(tiny(), options(320, 1), queue());
  std::vector<std::shared_ptr<EventQueue>> events;
  for (RequestId id = 1; id <= 6; ++id) {
    events.push_back(queue());
    tight.submit(asked(id), events.back());
  }
  for (RequestId id = 1; id <= 6; ++id) {
    const Outcome outcome = collect(*events[id - 1]);
    ASSERT_FALSE(outcome.error.has_value()) << outcome.error->message;
    EXPECT_EQ(outcome.tokens, alone[id]) << id;
  }
}

TEST(Engine, TheNextTurnReusesThePast) {
  Engine engine(tiny(), options(), queue());
  auto ids = prompt(9, 100);
  const Outcome first = ask(engine, request(1, ids));
  EXPECT_EQ(first.started.n_reused, 0u);
  ids.insert(ids.end(), first.tokens.begin(), first.tokens.end());
  ids.push_back(33);
  const Outcome second = ask(engine, request(2, ids));
  EXPECT_GE(second.started.n_reused, 100u);
  Engine fresh(tiny(), options(), queue());
  EXPECT_EQ(ask(fresh, request(1, ids)).tokens, second.tokens);
}

TEST(Engine, CancelEndsARequest) {
  Engine engine(tiny(), options(100000, 1), queue());
  auto events = queue();
  engine.submit(request(7, prompt(1, 10), -1), events);
  ASSERT_TRUE(events->pop().has_value());
  engine.cancel(7);
  const Outcome outcome = collect(*events);
  ASSERT_TRUE(outcome.error.has_value());
  EXPECT_EQ(outcome.error->code, ErrorCode::cancelled);
  EXPECT_TRUE(ask(engine, request(8, prompt(1, 10))).finished.has_value());
}

TEST(Engine, CancelBeforeTheStartIsNotLost) {
  Engine engine(tiny(), options(100000, 1), queue());
  for (RequestId id = 1; id <= 20; ++id) {
    auto events = queue(1);
    engine.submit(request(id, prompt(1, 10), -1), events);
    engine.cancel(id);
    const Outcome outcome = collect(*events);
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.error->code, ErrorCode::cancelled);
  }
}

TEST(Engine, ASlowReaderStopsNobodyElse) {
  Engine engine(tiny(), options(100000, 2), queue());
  auto slow = queue(1);
  engine.submit(request(1, prompt(1, 10), 200), slow);
  EXPECT_EQ(ask(engine, request(2, prompt(2, 30), 50)).tokens.size(), 50u);
  EXPECT_EQ(collect(*slow).tokens.size(), 200u);
}

TEST(Engine, AClosedQueueIsACancelledRequest) {
  Engine engine(tiny(), options(100000, 1), queue());
  auto events = queue(4);
  engine.submit(request(1, prompt(1, 10), -1), events);
  ASSERT_TRUE(events->pop().has_value());
  events->close();
  EXPECT_TRUE(ask(engine, request(2, prompt(1, 10))).finished.has_value());
}

TEST(Engine, RefusesWhatCannotBe) {
  Engine engine(tiny(), options(), queue());
  EXPECT_EQ(ask(engine, request(1, prompt(1, 300))).error->code, ErrorCode::does_not_fit);
  EXPECT_EQ(ask(engine, request(2, {5, 400})).error->code, ErrorCode::usage);
  EXPECT_EQ(ask(engine, request(3, {-1})).error->code, ErrorCode::usage);
  Request chat;
  chat.id = 4;
  chat.prompt = ChatPrompt{"[1, 2"};
  EXPECT_EQ(ask(engine, chat).error->code, ErrorCode::usage);
  Request hot = request(5, prompt(1, 3));
  hot.sampling.top_p = 7;
  hot.sampling.temp = std::nanf("");
  EXPECT_EQ(ask(engine, hot).error->code, ErrorCode::usage);
}

TEST(Engine, EndsWhereItShould) {
  Engine engine(tiny(), options(64, 1), queue());
  EXPECT_EQ(ask(engine, request(1, prompt(1, 10), 0)).tokens.size(), 0u);
  const Outcome full = ask(engine, request(2, prompt(1, 10), -1));
  EXPECT_EQ(full.finished->reason, FinishReason::context_full);
  EXPECT_EQ(full.tokens.size(), 54u);
  const Outcome plain = ask(engine, request(3, prompt(1, 10), 30));
  Request stopping = request(4, prompt(1, 10), 30);
  ASSERT_GT(plain.text.size(), 6u);
  const std::string stop = plain.text.substr(4, 2);
  stopping.stop = {stop};
  const Outcome stopped = ask(engine, stopping);
  EXPECT_EQ(stopped.text, plain.text.substr(0, plain.text.find(stop)));
}

// The most probable token is made the end of generation's: only ignore_end keeps the answer going.
TEST(Engine, IgnoringTheEndNeverPicksIt) {
  Engine engine(tiny(), options(256, 1), queue());
  const auto tokenizer =
      text::Tokenizer::load(format::ModelFiles::map(tiny()).value()->gguf()).value();
  Request asked = request(1, prompt(1, 10), 20);
  for (TokenId id = 0; id < static_cast<TokenId>(tokenizer->size()); ++id)
    if (tokenizer->is_end_of_generation(id)) asked.sampling.logit_bias.push_back({id, 1000});
  asked.ignore_end = false;
  const Outcome ended = ask(engine, asked);
  EXPECT_EQ(ended.finished->reason, FinishReason::end_of_generation);
  EXPECT_EQ(ended.finished->n_generated, 1u);
  asked.ignore_end = true;
  const Outcome ignored = ask(engine, asked);
  EXPECT_EQ(ignored.finished->reason, FinishReason::max_tokens);
  for (const TokenId token : ignored.tokens) EXPECT_FALSE(tokenizer->is_end_of_generation(token));
}

TEST(Engine, ThreadsComeAndGo) {
  LoadOptions three = options(256, 1);
  three.n_threads = 3;
  Engine engine(tiny(), three, queue());
  const auto expected = ask(engine, request(1, prompt(4, 50), 40)).tokens;
  for (const unsigned n : {1u, 3u, 2u, 100u}) {
    engine.lease({.n_threads = n, .first_place = n});
    EXPECT_EQ(ask(engine, request(10 + n, prompt(4, 50), 40)).tokens, expected);
  }
}

TEST(Engine, WithoutALeaseRequestsWaitAndMayLeave) {
  Engine engine(tiny(), options(256, 2), queue());
  const auto expected = ask(engine, request(1, prompt(4, 50), 40)).tokens;
  engine.lease({.n_threads = 0});
  const auto waits = queue(), leaves = queue();
  engine.submit(request(2, prompt(4, 50), 40), waits);
  engine.submit(request(3, prompt(5, 50), 40), leaves);
  EXPECT_FALSE(waits->pop_for(std::chrono::milliseconds(100)));
  engine.cancel(3);
  EXPECT_TRUE(collect(*leaves).error.has_value());
  EXPECT_FALSE(waits->pop_for(std::chrono::milliseconds(20)));
  engine.lease({.n_threads = 2});
  EXPECT_EQ(collect(*waits).tokens, expected);
}

TEST(Engine, NoCancelIsLostHoweverCloselyItFollows) {
  Engine engine(tiny(), options(4096, 4), queue());
  const auto others = queue();
  engine.submit(request(1, prompt(1, 10), -1), others);  // so that there is always a step
  for (RequestId id = 2; id < 600; ++id) {
    const auto events = queue();
    engine.submit(request(id, prompt(4, 5), -1), events);
    engine.cancel(id);
    while (others->pop_for(std::chrono::milliseconds(0))) {
    }
    const Outcome outcome = collect(*events);
    ASSERT_TRUE(outcome.error.has_value()) << id;
    EXPECT_EQ(outcome.error->code, ErrorCode::cancelled);
  }
}

// Whatever a request has computed so far stays with it.
TEST(Engine, ALeaseThatEndsAndComesBackChangesNoAnswer) {
  Engine engine(tiny(), options(4096, 1), queue());
  const auto expected = ask(engine, request(1, prompt(4, 50), 300)).tokens;
  const auto events = queue();
  engine.submit(request(2, prompt(4, 50), 300), events);
  std::atomic<bool> is_over = false;
  std::thread turns([&] {
    for (unsigned i = 0; !is_over; ++i) {
      engine.lease({.n_threads = i % 3});
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  });
  EXPECT_EQ(collect(*events).tokens, expected);
  is_over = true;
  turns.join();
}

TEST(Engine, DestructionWithRequestsInFlight) {
  auto events = queue();
  {
    Engine engine(tiny(), options(100000, 1), queue());
    engine.submit(request(1, prompt(1, 10), -1), events);
    static_cast<void>(events->pop());
  }
  const Outcome outcome = collect(*events);
  EXPECT_TRUE(outcome.error.has_value());
}

}  // namespace
}  // namespace hearth::engine
