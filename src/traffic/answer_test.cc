// SPDX-License-Identifier: Apache-2.0
#include "traffic/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::traffic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string event(std::string_view data) {
  return "data: " + std::string(data) + "\n\n";
}

TEST(AnswerReader, Completions) {
  AnswerReader reader;
  reader.take_bytes(200, event(R"({"choices":[{"text":"a","finish_reason":null}]})"), 0.5);
  reader.take_bytes(200, ": ping\n\n", 0.6);
  reader.take_bytes(200, event(R"({"choices":[{"text":"bc"}],"usage":null})"), 0.75);
  reader.take_bytes(200, event(R"({"choices":[{"text":"","finish_reason":"length"}]})"), 0.8);
  reader.take_bytes(200,
                    event(R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,)"
                          R"("prompt_tokens_details":{"cached_tokens":4}}})"),
                    0.9);
  EXPECT_EQ(reader.last_event_at(), 0.9);
  reader.take_bytes(200, event("[DONE]"), 1.0);
  const Answer answer = reader.finish(200, "", 1.25);
  EXPECT_TRUE(answer.is_complete()) << answer.error << answer.reason;
  EXPECT_THAT(answer.text_at, ElementsAre(0.5, 0.75));
  EXPECT_EQ(answer.end_at, 1.0);
  EXPECT_TRUE(answer.has_usage);
  EXPECT_EQ(answer.n_prompt, 7u);
  EXPECT_EQ(answer.n_cached, 4u);
  EXPECT_EQ(answer.n_output, 3u);
}

TEST(AnswerReader, ChatsOfManyServers) {
  AnswerReader reader;
  double at = 1;
  for (const char* delta :
       {R"({"role":"assistant","content":""})", R"({"content":"a"})", R"({"content":null})",
        R"({"reasoning_content":"b"})", R"({"reasoning":"c"})", R"({"tool_calls":[{"index":0}]})"})
    reader.take_bytes(200, event(R"({"choices":[{"delta":)" + std::string(delta) + "}]}"), at++);
  reader.take_bytes(200, event(R"({"choices":[{"delta":{},"finish_reason":"stop"}]})"), at);
  const Answer answer = reader.finish(200, "", at);
  EXPECT_TRUE(answer.is_complete()) << "the reason to finish is an end, without [DONE]";
  EXPECT_THAT(answer.text_at, ElementsAre(2, 4, 5, 6));
  EXPECT_FALSE(answer.has_usage);
  EXPECT_EQ(answer.n_output, 4u) << "events stand in for tokens";
}

TEST(AnswerReader, NamesFailures) {
  const auto end = [](int status, std::string_view bytes, std::string_view failure) {
    AnswerReader reader;
    if (!bytes.empty()) reader.take_bytes(status, bytes, 1);
    return reader.finish(status, failure, 2);
  };
  const Answer refused = end(0, "", "Could not connect");
  EXPECT_EQ(refused.error, "no answer");
  EXPECT_EQ(refused.reason, "Could not connect");
  EXPECT_EQ(refused.end_at, 2);
  const Answer busy = end(429, R"({"error":{"message":"the queue is full"}})", "");
  EXPECT_EQ(busy.error, "HTTP 429");
  EXPECT_EQ(busy.reason, "the queue is full");
  EXPECT_EQ(end(500, R"({"error":"why"})", "").reason, "why");
  EXPECT_EQ(end(502, "<html>\x1b[2J", "").reason, "<html>\\x1b[2J");
  const std::string half = event(R"({"choices":[{"text":"a"}]})");
  EXPECT_EQ(end(200, half, "reset").error, "broken stream");
  EXPECT_EQ(end(200, half, "reset").reason, "reset");
  EXPECT_EQ(end(200, half, "").error, "broken stream") << "an end without a reason";
  EXPECT_EQ(end(200, event("{"), "").error, "broken stream");
  EXPECT_EQ(end(200, R"({"choices":[{"text":"not a stream"}]})", "").error, "broken stream");
  const Answer told = end(200, half + event(R"({"error":{"message":"worker lost"}})"), "");
  EXPECT_EQ(told.error, "error event");
  EXPECT_EQ(told.reason, "worker lost");

  AnswerReader silent;
  silent.take_bytes(200, half, 1);
  silent.give_up("nothing for 5 s");
  EXPECT_EQ(silent.finish(0, "", 6).error, "timeout");
}

TEST(AnswerReader, TakesAnything) {
  AnswerReader reader;
  for (const char* data : {"[]", "7", "null", R"({"choices":7})", R"({"choices":[7,null,{}]})",
                           R"({"choices":[{"text":7,"delta":[]}]})", R"({"usage":[]})",
                           R"({"usage":{"prompt_tokens":-1,"completion_tokens":"x"}})",
                           R"({"usage":{"prompt_tokens":99999999999999}})"})
    reader.take_bytes(200, event(data), 1);
  const Answer answer = reader.finish(200, "", 2);
  EXPECT_EQ(answer.error, "broken stream");
  EXPECT_THAT(answer.text_at, IsEmpty());
  EXPECT_EQ(answer.n_prompt, UINT32_MAX);

  AnswerReader long_error;
  for (int i = 0; i < 100; ++i) long_error.take_bytes(500, std::string(1 << 16, 'x'), 1);
  EXPECT_LT(long_error.finish(500, "", 2).reason.size(), 1000u);
}

}  // namespace
}  // namespace hearth::traffic
