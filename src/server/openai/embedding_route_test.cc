// SPDX-License-Identifier: Apache-2.0
//
// POST /v1/embeddings over real sockets, with a worker that is this very program, told to run the
// disabled test below: it makes no embeddings, but says what it was asked.
#include <gmock/gmock.h>
#include <unistd.h>

#include "base/json.h"
#include "server/front.h"
#include "server/http/test_server.h"
#include "server/openai/routes.h"
#include "wire/channel.h"
#include "wire/wire.h"

namespace hearth::server {
namespace {

using test::TestAnswer;
using test::TestClient;
using test::TestServer;

// ---- the worker ----

class FakeEmbedder : public testing::Test {
 protected:
  void say(const wire::ToFront& message) { static_cast<void>(front_.send(*wire::encode(message))); }

  // A number comes back as such, with what else was asked, but in the order 1 0 3 2 5 4...
  void answer(const wire::Embed& embed) {
    const std::string& text = std::get<wire::TextPrompt>(embed.prompt).text;
    if (text == "hang") return say(wire::Status{.n_running = n_cancelled_, .n_waiting = ++n_held_});
    if (text == "too long")
      return say(wire::Failed{embed.id, ErrorCode::does_not_fit, "the prompt has 99 tokens", ""});
    const wire::Embedding mine{
        .id = embed.id,
        .values = {std::stof(text), static_cast<float>(embed.pooling),
                   static_cast<float>(embed.n_dims), embed.uses_cache ? 1.0F : 0.0F},
        .n_prompt = 3,
        .n_reused = 1};
    if (!held_back_) {
      held_back_ = mine;
      return;
    }
    say(mine);
    say(*held_back_);
    held_back_.reset();
  }

  wire::Channel front_{UniqueFd(kWorkerSocket)};
  std::optional<wire::Embedding> held_back_;
  std::uint32_t n_held_ = 0, n_cancelled_ = 0;
};

TEST_F(FakeEmbedder, DISABLED_Counts) {
  say(wire::Hello{});
  ASSERT_TRUE(*front_.receive());
  ASSERT_TRUE(*front_.receive());
  say(wire::Loaded{.name = "fake"});
  while (auto received = *front_.receive()) {
    const auto message = *wire::decode_to_worker(received->payload);
    if (const auto* embed = std::get_if<wire::Embed>(&message)) answer(*embed);
    if (std::holds_alternative<wire::Quit>(message)) break;
    if (std::holds_alternative<wire::Cancel>(message))
      say(wire::Status{.n_running = ++n_cancelled_, .n_waiting = n_held_});
  }
  ::_exit(0);
}

// ---- the front ----

class EmbeddingRoute : public testing::Test {
 protected:
  EmbeddingRoute()
      : models_(served(metrics_)),
        front_(Router(openai_routes(models_, settings_)), {{}}),
        server_(front_.app()) {
    EXPECT_EQ(worker().wait_until_settled(std::chrono::seconds(60)), WorkerState::ready);
  }
  static std::vector<ServedModel> served(Metrics& metrics) {
    std::vector<ServedModel> models(1);
    models[0].id = "fake";
    models[0].max_requests = 20;
    models[0].pooling = wire::Pooling::cls;
    models[0].caches_prompts = false;
    models[0].metrics = std::make_unique<ModelMetrics>(metrics, "fake");
    models[0].worker = std::make_unique<ModelWorker>(
        WorkerCommand{.program = "/proc/self/exe",
                      .arguments = {"fake", "--gtest_filter=FakeEmbedder.DISABLED_Counts",
                                    "--gtest_also_run_disabled_tests"}},
        []() -> Result<ModelToLoad> {
          return ModelToLoad{.load = {.shard_names = {"the file"}}, .files = {}, .loaded = nullptr};
        });
    return models;
  }
  const ModelWorker& worker() const { return *models_.all().front().worker; }
  ModelMetrics& metrics() const { return *models_.all().front().metrics; }

  static std::string post(const std::string& body) {
    return "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  TestAnswer ask(const std::string& body) const { return server_.client().ask(post(body)); }

  Metrics metrics_;
  ApiSettings settings_;
  Models models_;
  Front front_;
  TestServer server_;
};

// As many times the same text.
std::string inputs_of(const std::string& text, std::size_t n) {
  std::string list;
  for (std::size_t i = 0; i < n; ++i) list += (i == 0 ? "\"" : ", \"") + text + "\"";
  return R"({"input": [)" + list + "]}";
}

TEST_F(EmbeddingRoute, AnswersALongListInItsOrder) {
  std::string list;
  for (int i = 0; i < 60; ++i) list += (i == 0 ? "\"" : ", \"") + std::to_string(i) + "\"";
  const TestAnswer answer = ask(R"({"dimensions": 4, "input": [)" + list + "]}");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json body = parse_json(answer.body).value();
  ASSERT_EQ(body["data"].size(), 60U);
  for (int i = 0; i < 60; ++i) {
    const Json& one = body["data"][static_cast<std::size_t>(i)];
    EXPECT_EQ(one["index"], i);
    EXPECT_EQ(one["embedding"].get<std::vector<int>>(), (std::vector<int>{i, 2, 4, 0}));
  }
  EXPECT_EQ(body["model"].get<std::string>(), "fake");
  EXPECT_EQ(body["usage"]["prompt_tokens"], 180);
  EXPECT_EQ(metrics().finished(FinishReason::stop).value(), 60U);
  EXPECT_EQ(metrics().prompt_tokens_total.value(), 180U);
  EXPECT_EQ(metrics().prefix_cache_hits_total.value(), 60U);
}

TEST_F(EmbeddingRoute, AsksForAFewAtATimeAndCancelsThemWhenTheClientHangsUp) {
  TestClient client = server_.client();
  ASSERT_TRUE(client.send(post(inputs_of("hang", 40))));
  EXPECT_TRUE(test::comes_true([&] { return worker().facts().status.n_waiting == 16; }));
  ::usleep(50'000);
  EXPECT_EQ(worker().facts().n_requests, 16U);
  // What else comes finds the queue nearly full.
  EXPECT_EQ(ask(inputs_of("1", 16)).status, 429);
  EXPECT_EQ(ask(inputs_of("1", 2)).status, 200);
  client.close();
  EXPECT_TRUE(test::comes_true([&] { return worker().facts().status.n_running == 16; }));
  EXPECT_EQ(worker().facts().n_requests, 0U);
  EXPECT_EQ(metrics().finished(FinishReason::abort).value(), 16U);
}

TEST_F(EmbeddingRoute, OneThatFailsEndsAllAndIsNamed) {
  const TestAnswer answer = ask(R"({"input": ["hang", "too long", "hang"]})");
  EXPECT_EQ(answer.status, 400);
  const Json error = parse_json(answer.body).value()["error"];
  EXPECT_EQ(error["code"].get<std::string>(), "context_length_exceeded");
  EXPECT_EQ(error["param"].get<std::string>(), "input[1]");
  EXPECT_EQ(error["message"].get<std::string>(), "the prompt has 99 tokens");
  EXPECT_TRUE(test::comes_true([&] { return worker().facts().status.n_running == 2; }));
  const Json alone = parse_json(ask(R"({"input": "too long"})").body).value();
  EXPECT_EQ(alone["error"]["param"].get<std::string>(), "input");
  EXPECT_EQ(ask(R"({"input": "1", "model": "other"})").status, 404);
  EXPECT_EQ(ask(R"({"input": ""})").status, 400);
}

}  // namespace
}  // namespace hearth::server
