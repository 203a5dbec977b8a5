// SPDX-License-Identifier: Apache-2.0
#include "server/openai/answer_json.h"

#include <gmock/gmock.h>

#include "base/json.h"

namespace hearth::server {
namespace {

const AnswerHead kHead = {.id = "chatcmpl-1", .model = "m", .created = 5, .fingerprint = "f"};

Json json_of(std::string_view text) {
  return parse_json(text).value();
}

wire::Position position(std::string piece, float logprob, std::string other = "") {
  wire::Position at{.chosen = {1, logprob, std::move(piece)}, .likeliest = {}};
  if (!other.empty()) at.likeliest = {{2, -0.25F, std::move(other)}};
  return at;
}

wire::Finished finished(std::uint32_t n_prompt, std::uint32_t n_generated) {
  return {
      .id = 1, .n_prompt = n_prompt, .n_reused = 2, .n_generated = n_generated, .n_reasoning = 1};
}

TEST(AnswerJson, WritesAConversationsAnswer) {
  Choice choice{.text = "hello", .reasoning = "hm", .positions = {}, .finished = finished(10, 4)};
  choice.finished.reason = wire::FinishReason::max_tokens;
  Json body = chat_body(kHead, std::span(&choice, 1));
  body.erase("timings");
  EXPECT_EQ(body, json_of(R"({"id": "chatcmpl-1", "object": "chat.completion", "created": 5,
    "model": "m", "system_fingerprint": "f",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello", "refusal": null,
                 "reasoning_content": "hm"}, "logprobs": null, "finish_reason": "length"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14,
              "prompt_tokens_details": {"cached_tokens": 2},
              "completion_tokens_details": {"reasoning_tokens": 1}}})"));
}

TEST(AnswerJson, WritesChunks) {
  EXPECT_EQ(chat_chunk(kHead, 1, {{"content", "x"}}, nullptr, nullptr)["choices"],
            json_of(R"([{"index": 1, "delta": {"content": "x"}, "logprobs": null,
                        "finish_reason": null}])"));
  const wire::Finished end = finished(3, 2);
  const Json last = chat_chunk(kHead, 0, Json::object(), nullptr, &end);
  EXPECT_EQ(last["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(last["timings"]["predicted_n"], 2);
  EXPECT_EQ(last["timings"]["prompt_n"], 1);  // two of three were cached
  const Json usage = usage_chunk(kHead, "chat.completion.chunk", Json::object());
  EXPECT_EQ(usage["choices"], Json::array());
  EXPECT_EQ(usage["object"], "chat.completion.chunk");
}

TEST(AnswerJson, CountsAPromptOnceForAllItsAnswers) {
  const std::vector<wire::Finished> ends = {finished(10, 1), finished(10, 2), finished(20, 3),
                                            finished(20, 4)};
  const Json usage = usage_json(ends, 2);
  EXPECT_EQ(usage["prompt_tokens"], 30);
  EXPECT_EQ(usage["completion_tokens"], 10);
  EXPECT_EQ(usage["prompt_tokens_details"]["cached_tokens"], 4);
}

TEST(AnswerJson, WritesLogProbabilitiesForChats) {
  const std::vector<wire::Position> positions = {position("\xc3", -0.5F, "b")};
  EXPECT_EQ(chat_logprobs(positions), json_of(R"({"content": [{"token": "bytes:\\xc3",
    "logprob": -0.5, "bytes": [195],
    "top_logprobs": [{"token": "b", "logprob": -0.25, "bytes": [98]}]}], "refusal": null})"));
}

// Offsets count characters of the whole text, prompt included; a token that the
// text does not show takes none of it.
TEST(AnswerJson, WritesLogProbabilitiesForCompletions) {
  Choice choice{.text = "!", .reasoning = "", .positions = {position("!", -2)}};
  choice.prompt_text =
      "\xc3\xa4"
      "b";
  choice.first_piece = "<s>";
  choice.first_is_text = false;
  choice.prompt_positions = {position("\xc3\xa4", -0.5F, "x"), position("b", -1)};
  EXPECT_EQ(echo_logprobs(choice), json_of(R"({"tokens": ["<s>", "ä", "b", "!"],
    "token_logprobs": [null, -0.5, -1, -2], "top_logprobs": [null, {"x": -0.25}, {}, {}],
    "text_offset": [0, 0, 1, 2]})"));
  EXPECT_EQ(completion_body(kHead, std::span(&choice, 1), 1, true)["choices"][0]["text"],
            "\xc3\xa4"
            "b!");
  EXPECT_EQ(legacy_logprobs(choice.positions, 7)["text_offset"], json_of("[7]"));
}

}  // namespace
}  // namespace hearth::server
