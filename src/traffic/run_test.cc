// SPDX-License-Identifier: Apache-2.0
//
// The generator against servers that are told to misbehave, over real sockets.
#include "traffic/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "traffic/scripted_server_test_util.h"

namespace hearth::traffic {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::Each;
using testing::Ge;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

const std::atomic<bool> kGoOn = false;
constexpr std::size_t kAsked = 3;  // requests before those that are measured: two and a warm-up

RunOptions options_for(const ScriptedServer& server, std::uint32_t n_requests) {
  RunOptions options;
  options.target.base_url = server.base_url();
  options.target.model = "m";
  options.workload.n_requests = n_requests;
  options.workload.classes = {{.n_input = 20, .n_output = 4}};
  return options;
}

// A token for each word, and as many back as are asked for.
void answer_well(const ScriptedRequest& request, const ScriptedReply& reply) {
  const auto n = request.body.at("max_tokens").get<std::size_t>();
  reply.begin_stream();
  for (std::size_t i = 0; i < n; ++i) reply.text("x");
  reply.end_stream(request.n_words(), n);
}

std::map<std::string, int> errors_of(const RunResult& result) {
  std::map<std::string, int> errors;
  for (const MeasuredRequest& request : result.requests) ++errors[request.answer.error];
  return errors;
}

TEST(Traffic, AsksForWhatWasPlanned) {
  ScriptedServer server(answer_well);
  RunOptions options = options_for(server, 50);
  options.target.api_key = "secret";
  options.target.extra = Json{{"top_k", 1}};
  options.max_concurrency = 7;
  const auto result = run(options, {kGoOn, {}});
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->requests.size(), 50u);
  EXPECT_EQ(result->n_unfinished, 0u);
  for (const MeasuredRequest& request : result->requests) {
    EXPECT_EQ(request.answer.error, "") << request.answer.reason;
    EXPECT_EQ(request.answer.n_prompt, 20u);
    EXPECT_EQ(request.answer.n_output, 4u);
    EXPECT_EQ(request.answer.text_at.size(), 4u);
  }
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 50 + kAsked);
  std::set<std::string> prompts;
  for (const ScriptedRequest& request : requests) {
    EXPECT_EQ(request.path, "/v1/completions");
    EXPECT_THAT(request.head,
                AllOf(HasSubstr("Authorization: Bearer secret\r\n"),
                      HasSubstr("Content-Type: application/json\r\n"), Not(HasSubstr("Expect:"))));
    prompts.insert(request.body.at("prompt").get<std::string>());
  }
  EXPECT_EQ(prompts.size(), requests.size()) << "a cache could help";
  EXPECT_THAT(to_json_text(requests.back().body), StartsWith(R"({"model":"m","prompt":")"));
  for (const char* field :
       {R"("max_tokens":4)", R"("temperature":0)", R"("stream":true)",
        R"("stream_options":{"include_usage":true})", R"("ignore_eos":true)", R"("top_k":1)"})
    EXPECT_THAT(to_json_text(requests.back().body), HasSubstr(field));
}

TEST(Traffic, NeverMoreAtOnceThanAllowed) {
  ScriptedServer server([](const ScriptedRequest& request, ScriptedReply& reply) {
    std::this_thread::sleep_for(milliseconds(5));
    answer_well(request, reply);
  });
  RunOptions options = options_for(server, 40);
  options.max_concurrency = 3;
  const auto result = run(options, {kGoOn, {}});
  ASSERT_TRUE(result);
  EXPECT_EQ(server.most_at_once(), 3);
  EXPECT_EQ(result->most_at_once, 3u);
  options.max_concurrency = SIZE_MAX;
  ASSERT_TRUE(run(options, {kGoOn, {}}));
  EXPECT_GT(server.most_at_once(), 3);
}

TEST(Traffic, LearnsHowLongWordsAre) {
  ScriptedServer server([](const ScriptedRequest& request, ScriptedReply& reply) {
    reply.begin_stream();
    reply.text("x");
    reply.end_stream(2 * request.n_words() + 7, 1);
  });
  RunOptions options = options_for(server, 3);
  options.workload.classes = {{.n_input = 107, .n_output = 1}};
  options.n_shared = 40;
  const auto result = run(options, {kGoOn, {}});
  ASSERT_TRUE(result);
  for (const MeasuredRequest& request : result->requests) EXPECT_EQ(request.answer.n_prompt, 147u);
}

TEST(Traffic, TellsTheTimesOfEvents) {
  static constexpr int kPause = 30;
  ScriptedServer server([](const ScriptedRequest& request, ScriptedReply& reply) {
    reply.begin_stream();
    for (int i = 0; i < 4; ++i) {
      std::this_thread::sleep_for(milliseconds(kPause));
      reply.text("x");
      reply.chunk(": a comment is no text\n\n");
    }
    reply.end_stream(request.n_words(), 4);
  });
  const auto result = run(options_for(server, 5), {kGoOn, {}});
  ASSERT_TRUE(result);
  for (const MeasuredRequest& request : result->requests) {
    const Answer& answer = request.answer;
    ASSERT_EQ(answer.text_at.size(), 4u);
    // The server began to wait after it had the request. Others keep the machine busy, so that only
    // the least can be told.
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_GE(answer.text_at[i], kPause * 1e-3 * static_cast<double>(i + 1));
    EXPECT_GE(answer.end_at, answer.text_at.back());
  }
  EXPECT_GE(result->seconds, 0.12);
  EXPECT_LT(result->cpu_seconds, result->seconds) << "it waits without spinning";
}

TEST(Traffic, RequestsComeWhenTheyArePlanned) {
  ScriptedServer server(answer_well);
  RunOptions options = options_for(server, 60);
  options.workload.rate = 200;
  const auto plan = make_plan(options.workload);
  const auto result = run(options, {kGoOn, {}});
  ASSERT_TRUE(result);
  std::vector<double> sent;
  for (const MeasuredRequest& request : result->requests) {
    sent.push_back(request.sent_at);
    EXPECT_GE(request.waited, 0);
    EXPECT_LT(request.waited, 1);
  }
  std::ranges::sort(sent);
  ASSERT_EQ(sent.size(), plan.size());
  for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_GE(sent[i], plan[i].at);
  EXPECT_GE(result->seconds, plan.back().at);
}

TEST(Traffic, NamesWhatGoesWrong) {
  ScriptedServer server([](const ScriptedRequest& request, ScriptedReply& reply) {
    const std::size_t way = request.number < kAsked ? 0 : (request.number - kAsked) % 6;
    if (way == 0) return answer_well(request, reply);
    if (way == 1)
      return reply.whole(429, R"({"error":{"message":"the queue is full"}})", "Retry-After: 1\r\n");
    if (way == 2) return reply.hang();
    reply.begin_stream();
    reply.text("x");
    if (way == 3) return reply.reset();
    if (way == 4) return reply.hang();
    reply.chunk("data: {\"error\":{\"message\":\"the model is gone\"}}\n\n");
    reply.send("0\r\n\r\n");
  });
  RunOptions options = options_for(server, 24);
  options.silence = milliseconds(400);
  const auto result = run(options, {kGoOn, {}});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(
      errors_of(*result),
      (std::map<std::string, int>{
          {"", 4}, {"HTTP 429", 4}, {"timeout", 8}, {"broken stream", 4}, {"error event", 4}}));
  std::map<std::string, std::string> reasons;
  for (const MeasuredRequest& request : result->requests)
    reasons[request.answer.error] = request.answer.reason;
  EXPECT_EQ(reasons["HTTP 429"], "the queue is full");
  EXPECT_EQ(reasons["timeout"], "nothing for 0.4 s");
  EXPECT_EQ(reasons["error event"], "the model is gone");
}

TEST(Traffic, SaysAtOnceThatNobodyIsThere) {
  std::string url;
  {
    ScriptedServer server(answer_well);
    url = server.base_url();
  }
  RunOptions options;
  options.target.base_url = url;
  const auto refused = run(options, {kGoOn, {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::failed);
  EXPECT_THAT(refused.error().message, AllOf(StartsWith(url), HasSubstr("no answer")));

  ScriptedServer needs_key(
      [](const ScriptedRequest&, const ScriptedReply& reply) { reply.whole(401, "who are you?"); });
  const auto unknown = run(options_for(needs_key, 10), {kGoOn, {}});
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, AllOf(HasSubstr("HTTP 401"), HasSubstr("who are you?")));
  EXPECT_EQ(needs_key.requests().size(), 1u);
}

TEST(Traffic, StopsWhenAskedAndKeepsWhatItHas) {
  std::atomic<bool> stop = false;
  ScriptedServer server([&](const ScriptedRequest& request, ScriptedReply& reply) {
    if (request.number < kAsked + 5) return answer_well(request, reply);
    stop = true;
    reply.hang();
  });
  RunOptions options = options_for(server, 100);
  options.max_concurrency = 1;
  std::vector<std::string> whats;
  const auto start = std::chrono::steady_clock::now();
  const auto result =
      run(options, {stop, [&](const RunProgress& progress) { whats.emplace_back(progress.what); }});
  ASSERT_TRUE(result);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(errors_of(*result), (std::map<std::string, int>{{"", 5}}));
  EXPECT_EQ(result->n_unfinished, 95u);
}

TEST(Traffic, PromptsOfAFile) {
  ScriptedServer server(answer_well);
  RunOptions options = options_for(server, 5);
  options.prompts = {{.text = "one two", .n_output = 9}, {.text = "three", .n_output = {}}};
  const auto result = run(options, {kGoOn, {}});
  ASSERT_TRUE(result);
  std::map<std::string, int> asked;
  for (const ScriptedRequest& request : server.requests())
    ++asked[request.body.at("prompt").get<std::string>() + " " +
            std::to_string(request.body.at("max_tokens").get<int>())];
  // With the warm-up, which takes the first.
  EXPECT_EQ(asked, (std::map<std::string, int>{{"one two 9", 4}, {"three 4", 2}}));
}

TEST(Target, AddressesAsPeopleTypeThem) {
  EXPECT_EQ(parse_base_url("127.0.0.1:8080").value(), "http://127.0.0.1:8080/v1");
  EXPECT_EQ(parse_base_url("http://h/").value(), "http://h/v1");
  EXPECT_EQ(parse_base_url("https://h/api/v1/").value(), "https://h/api/v1");
  EXPECT_EQ(parse_base_url("http://[::1]:80").value(), "http://[::1]:80/v1");
  for (const char* bad : {"", "ftp://h", "http://", "http://h?x", "http://me:pass@h", "h h", "h:"})
    EXPECT_EQ(parse_base_url(bad).error().code, ErrorCode::usage) << bad;
}

TEST(Target, FindsTheModel) {
  std::string body = R"({"data":[{"id":"first"},{"id":"second"}]})";
  int status = 200;
  ScriptedServer server([&](const ScriptedRequest& request, const ScriptedReply& reply) {
    EXPECT_EQ(request.path, "/v1/models");
    EXPECT_THAT(request.head, StartsWith("GET "));
    reply.whole(status, body);
  });
  Target target;
  target.base_url = server.base_url();
  EXPECT_EQ(find_model(target).value(), "first");
  for (const char* none :
       {"", "[]", R"({"data":[]})", R"({"data":[7]})", R"({"data":[{"id":7}]})"}) {
    body = none;
    EXPECT_EQ(find_model(target).error().code, ErrorCode::not_found) << none;
  }
  status = 404;
  EXPECT_THAT(find_model(target).error().message, HasSubstr("HTTP 404"));
}

TEST(Target, Chats) {
  Target target;
  target.model = "m";
  target.is_chat = true;
  target.ignores_end = false;
  target.base_url = "http://h/v1";
  EXPECT_EQ(target.url(), "http://h/v1/chat/completions");
  const Json body = parse_json(target.body("a \"quoted\" word", 7)).value();
  EXPECT_EQ(body.at("messages")[0].at("content").get<std::string>(), "a \"quoted\" word");
  EXPECT_EQ(body.at("messages")[0].at("role").get<std::string>(), "user");
  EXPECT_FALSE(body.contains("prompt"));
  EXPECT_FALSE(body.contains("ignore_eos"));
}

}  // namespace
}  // namespace hearth::traffic
