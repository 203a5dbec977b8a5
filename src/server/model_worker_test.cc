// SPDX-License-Identifier: Apache-2.0
//
// A ModelWorker and real processes. The worker of these tests is this very
// program, told to run one of the disabled tests below: it speaks the protocol,
// and misbehaves on demand.
#include "server/model_worker.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "base/test_support.h"
#include "wire/channel.h"
#include "wire/wire.h"

namespace hearth::server {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr auto kPatience = std::chrono::seconds(60);  // far more than anything here takes

// ---- the worker ----

class FakeWorker : public testing::Test {
 protected:
  void say(const wire::ToFront& message) { static_cast<void>(front_.send(*wire::encode(message))); }
  // Hello and Load.
  void load() {
    say(wire::Hello{});
    ASSERT_TRUE(*front_.receive());
    auto received = *front_.receive();
    ASSERT_TRUE(received);
    load_ = std::get<wire::Load>(*wire::decode_to_worker(received->payload));
    files_ = std::move(received->descriptors);
  }
  std::string first_file() const {
    char text[64] = {};
    const ssize_t n = files_.empty() ? 0 : ::pread(files_.front().get(), text, sizeof text, 0);
    return {text, static_cast<std::size_t>(std::max<ssize_t>(n, 0))};
  }
  void answer(const wire::Submit& submit) {
    const std::string& text = std::get<wire::TextPrompt>(submit.prompt).text;
    if (text == "hang") return;
    if (text == "crash") ::raise(SIGKILL);
    if (text == "garbage") {
      static_cast<void>(!::write(kWorkerSocket, "\xff\xff\xff\xff", 4));
      ::pause();
    }
    say(wire::Started{.id = submit.id});
    for (const char letter : text) say(wire::Text{.id = submit.id, .text = std::string(1, letter)});
    say(wire::Finished{.id = submit.id});
  }

  wire::Channel front_{UniqueFd(kWorkerSocket)};
  wire::Load load_;
  std::vector<UniqueFd> files_;
};

// Answers every prompt with itself, but for the words that answer() knows.
TEST_F(FakeWorker, DISABLED_Echoes) {
  load();
  const char* secret = std::getenv("HEARTH_TEST_SECRET");
  say(wire::Progress{1, 2});
  say(wire::Loaded{.name = first_file(),
                   .architecture = ::getpgrp() == ::getpid() ? "own group" : "the front's group",
                   .notice = secret == nullptr ? "" : secret});
  std::uint32_t n_cancelled = 0;
  while (auto received = *front_.receive()) {
    const auto message = *wire::decode_to_worker(received->payload);
    if (const auto* submit = std::get_if<wire::Submit>(&message)) answer(*submit);
    if (std::holds_alternative<wire::Quit>(message)) break;
    if (std::holds_alternative<wire::Cancel>(message))
      say(wire::Status{.n_waiting = ++n_cancelled});
    if (const auto* lease = std::get_if<wire::Lease>(&message))
      say(wire::Status{.n_running = lease->n_threads});
  }
  ::_exit(0);
}

TEST_F(FakeWorker, DISABLED_Refuses) {
  load();
  say(wire::Failed{0, ErrorCode::integrity, load_.shard_names.front() + " is broken", ""});
  ::_exit(0);
}

TEST_F(FakeWorker, DISABLED_Dies) {
  load();
  ::_exit(7);
}

TEST_F(FakeWorker, DISABLED_IsOfAnotherVersion) {
  say(wire::Hello{.version = wire::kVersion + 1, .build = ""});
  ::pause();
}

// ---- the front ----

WorkerCommand fake(const std::string& name) {
  return {.program = "/proc/self/exe",
          .arguments = {"fake", "--gtest_filter=FakeWorker.DISABLED_" + name,
                        "--gtest_also_run_disabled_tests"}};
}

Result<ModelToLoad> open_nothing() {
  return ModelToLoad{.load = {.shard_names = {"the file"}}, .files = {}, .loaded = nullptr};
}

wire::Submit prompt(const std::string& text) {
  return {.id = 0, .prompt = wire::TextPrompt{.text = text}};
}

// Everything up to the end of the request.
std::vector<wire::ToFront> drain(RequestStream& stream) {
  std::vector<wire::ToFront> all;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (all.empty() || !ends_request(all.back())) {
    if (std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << "the request does not end";
      break;
    }
    for (wire::ToFront& event : stream.take_within(std::chrono::seconds(1)))
      all.push_back(std::move(event));
  }
  return all;
}

std::string text_of(const std::vector<wire::ToFront>& events) {
  std::string text;
  for (const wire::ToFront& event : events)
    if (const auto* piece = std::get_if<wire::Text>(&event)) text += piece->text;
  return text;
}

template <class Condition>
bool comes_true(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) return true;
    ::usleep(2000);
  }
  return false;
}

TEST(ModelWorker, AnswersManyRequestsAtOnce) {
  ModelWorker worker(fake("Echoes"), open_nothing);
  ASSERT_EQ(worker.wait_until_settled(kPatience), WorkerState::ready);
  std::vector<std::shared_ptr<RequestStream>> streams;
  for (int i = 0; i < 100; ++i)
    streams.push_back(*worker.begin(prompt("this is number " + std::to_string(i))));
  for (int i = 0; i < 100; ++i) {
    const auto events = drain(*streams[static_cast<std::size_t>(i)]);
    EXPECT_TRUE(std::holds_alternative<wire::Started>(events.front()));
    EXPECT_EQ(text_of(events), "this is number " + std::to_string(i));
    EXPECT_TRUE(std::holds_alternative<wire::Finished>(events.back()));
  }
  EXPECT_EQ(worker.facts().n_requests, 0U);
  EXPECT_EQ(worker.facts().n_restarts, 0U);
}

// It gets the model's descriptors, and neither our environment nor our Ctrl-C.
TEST(ModelWorker, GivesTheProcessWhatItNeedsAndNoMore) {
  ::setenv("HEARTH_TEST_SECRET", "do not tell", 1);
  const hearth::test::TempDir folder;
  const std::string path = folder.write("model", "the model's bytes");
  std::string told;
  {
    ModelWorker worker(fake("Echoes"), [&]() -> Result<ModelToLoad> {
      ModelToLoad model = TRY(open_nothing());
      model.files.push_back(TRY(open_for_read(path)));
      model.loaded = [&](const wire::Loaded& loaded) { told = loaded.name; };
      return model;
    });
    ASSERT_EQ(worker.wait_until_settled(kPatience), WorkerState::ready);
    const WorkerFacts facts = worker.facts();
    EXPECT_EQ(facts.loaded.name, "the model's bytes");
    EXPECT_EQ(facts.loaded.architecture, "own group");
    EXPECT_EQ(facts.loaded.notice, "");
    EXPECT_EQ(facts.progress.total_bytes, 2U);
  }
  EXPECT_EQ(told, "the model's bytes");
  ::unsetenv("HEARTH_TEST_SECRET");
}

TEST(ModelWorker, EndsEveryRequestOfADeadProcessAndStartsAnother) {
  ModelWorker worker(fake("Echoes"), open_nothing);
  ASSERT_EQ(worker.wait_until_settled(kPatience), WorkerState::ready);
  const auto waiting = *worker.begin(prompt("hang"));
  const auto deadly = *worker.begin(prompt("crash"));
  for (const auto& stream : {waiting, deadly}) {
    const auto events = drain(*stream);
    ASSERT_EQ(events.size(), 1U);
    const auto& failed = std::get<wire::Failed>(events.front());
    EXPECT_EQ(failed.code, ErrorCode::io);
    EXPECT_THAT(failed.message, HasSubstr("was killed by signal 9"));
  }
  EXPECT_EQ(worker.wait_until_settled(kPatience), WorkerState::ready);
  EXPECT_EQ(worker.facts().n_restarts, 1U);
  EXPECT_THAT(worker.facts().reason, HasSubstr("was killed by signal 9"));
  const auto again = worker.begin(prompt("again"));
  ASSERT_TRUE(again);
  EXPECT_EQ(text_of(drain(**again)), "again");
}

TEST(ModelWorker, BelievesNothingThatIsNoMessage) {
  ModelWorker worker(fake("Echoes"), open_nothing);
  ASSERT_EQ(worker.wait_until_settled(kPatience), WorkerState::ready);
  const auto events = drain(**worker.begin(prompt("garbage")));
  EXPECT_THAT(std::get<wire::Failed>(events.back()).message, HasSubstr("no message"));
  EXPECT_TRUE(comes_true([&] { return worker.facts().n_restarts == 1; }));
}

TEST(ModelWorker, GivesUpAfterThreeEndsWithinAMinute) {
  int n_opened = 0;
  ModelWorker worker(fake("Dies"), [&] {
    ++n_opened;
    return open_nothing();
  });
  ASSERT_TRUE(comes_true([&] { return worker.facts().state == WorkerState::failed; }));
  EXPECT_EQ(n_opened, 3);
  EXPECT_EQ(worker.facts().n_restarts, 2U);
  EXPECT_THAT(worker.facts().reason, HasSubstr("ended with status 7"));
  const auto refused = worker.begin(prompt("x"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::io);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("failed"), HasSubstr("status 7")));
}

TEST(ModelWorker, TakesNoForAnAnswer) {
  ModelWorker worker(fake("Refuses"), open_nothing);
  EXPECT_EQ(worker.wait_until_settled(kPatience), WorkerState::failed);
  EXPECT_EQ(worker.facts().reason, "the file is broken");
  EXPECT_EQ(worker.facts().n_restarts, 0U);

  ModelWorker missing(fake("Echoes"), []() -> Result<ModelToLoad> {
    return fail(ErrorCode::not_found, "there is no such file");
  });
  EXPECT_EQ(missing.wait_until_settled(kPatience), WorkerState::failed);
  EXPECT_EQ(missing.facts().reason, "there is no such file");
}

// Who changes his mind at once does not wait for a process that was never started.
TEST(ModelWorker, EndsAtOnceWhereverItIs) {
  for (int i = 0; i < 12; ++i) {
    const auto start = std::chrono::steady_clock::now();
    {
      const ModelWorker worker(fake("Echoes"), open_nothing);
      ::usleep(static_cast<useconds_t>(i) * 1500);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4)) << i;
  }
}

TEST(ModelWorker, RefusesAnotherVersion) {
  ModelWorker worker(fake("IsOfAnotherVersion"), open_nothing);
  ASSERT_TRUE(comes_true([&] { return !worker.facts().reason.empty(); }));
  EXPECT_THAT(worker.facts().reason, HasSubstr("another version"));
}

TEST(ModelWorker, CancelsWhatNobodyWaitsForAnyMore) {
  ModelWorker worker(fake("Echoes"), open_nothing);
  ASSERT_EQ(worker.wait_until_settled(kPatience), WorkerState::ready);
  auto stream = *worker.begin(prompt("hang"));
  EXPECT_EQ(worker.facts().n_requests, 1U);
  stream.reset();
  EXPECT_TRUE(comes_true([&] { return worker.facts().status.n_waiting == 1; }));
  EXPECT_EQ(worker.facts().n_requests, 0U);
  auto done = *worker.begin(prompt("done"));
  drain(*done);
  done.reset();  // has ended: nothing to cancel
  (*worker.begin(prompt("hang"))).reset();
  EXPECT_TRUE(comes_true([&] { return worker.facts().status.n_waiting > 1; }));
  EXPECT_EQ(worker.facts().status.n_waiting, 2U);  // cancels
}

TEST(ModelWorker, HasALeaseWhileItHasRequests) {
  const auto cores = std::make_shared<CoreLeases>(2);
  const auto open_two_threads = []() -> Result<ModelToLoad> {
    ModelToLoad model = TRY(open_nothing());
    model.load.single.n_workers = model.load.batch.n_workers = 2;
    return model;
  };
  ModelWorker first(fake("Echoes"), open_two_threads, cores);
  ModelWorker second(fake("Echoes"), open_two_threads, cores);
  ASSERT_EQ(first.wait_until_settled(kPatience), WorkerState::ready);
  ASSERT_EQ(second.wait_until_settled(kPatience), WorkerState::ready);
  const auto has = [](const ModelWorker& worker, std::uint32_t n_threads) {
    return comes_true([&] { return worker.facts().status.n_running == n_threads; });
  };
  auto one = *first.begin(prompt("hang"));
  EXPECT_TRUE(has(first, kAllCores.n_threads));
  auto two = *second.begin(prompt("hang"));
  EXPECT_TRUE(has(first, 1));
  EXPECT_TRUE(has(second, 1));
  one.reset();
  EXPECT_TRUE(has(first, 0));
  EXPECT_TRUE(has(second, kAllCores.n_threads));
  drain(*(*second.begin(prompt("crash"))));  // the next process has what is due to it
  ASSERT_EQ(second.wait_until_settled(kPatience), WorkerState::ready);
  two = *second.begin(prompt("hang"));
  EXPECT_TRUE(has(second, kAllCores.n_threads));
}

TEST(RequestStream, JoinsTextThatNobodyTook) {
  bool gone = false;
  {
    RequestStream stream([&] { gone = true; });
    int n_woken = 0;
    stream.push(wire::Started{.id = 1});
    stream.on_news([&] { ++n_woken; });
    EXPECT_EQ(n_woken, 1);
    for (const char* piece : {"a", "b", "c"})
      stream.push(wire::Text{.id = 1, .text = piece, .tokens = {7}});
    stream.push(wire::Text{.id = 1, .is_reasoning = true, .text = "d"});
    const auto events = stream.take();
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(std::get<wire::Text>(events[1]).text, "abc");
    EXPECT_EQ(std::get<wire::Text>(events[1]).tokens.size(), 3U);
    EXPECT_EQ(std::get<wire::Text>(events[2]).text, "d");
    EXPECT_TRUE(stream.take().empty());
  }
  EXPECT_TRUE(gone);
  gone = false;
  {
    RequestStream stream([&] { gone = true; });
    stream.push(wire::Finished{.id = 1});
    stream.push(wire::Text{.id = 1, .text = "too late"});
    EXPECT_EQ(stream.take().size(), 1U);
  }
  EXPECT_FALSE(gone);
}

}  // namespace
}  // namespace hearth::server
