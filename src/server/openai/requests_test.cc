// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "base/json.h"
#include "server/openai/chat_request.h"
#include "server/openai/completion_request.h"
#include "server/openai/run_answers.h"

namespace hearth::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const wire::ThinkingFacts kSwitched = {"<think>", "</think>", "enable_thinking", "true", "false"};

Json read_json(std::string_view text) {
  return parse_json(text).value();
}

std::string chat_fault(std::string_view body) {
  const auto request = read_chat_request(read_json(body), {});
  return request ? "" : request.error().param + ": " + request.error().message;
}

Json variables_of(std::string_view body, const wire::ThinkingFacts& thinking = {}) {
  const auto request = read_chat_request(read_json(body), thinking);
  EXPECT_TRUE(request) << request.error().message;
  return read_json(std::get<wire::ChatPrompt>(request->submit.prompt).variables_json);
}

TEST(ChatRequest, TakesWhatClientsSend) {
  const auto request = read_chat_request(read_json(R"({
    "model": "m", "stream": true, "stream_options": {"include_usage": true},
    "messages": [{"role": "user", "content": "hi"}],
    "max_completion_tokens": 5, "temperature": 0, "top_p": 1, "seed": 7, "n": 2,
    "stop": ["a", "", "b"], "logit_bias": {"5": -100}, "logprobs": true, "top_logprobs": 3,
    "user": "u", "metadata": {"a": 1}, "store": false, "service_tier": "auto", "tools": [],
    "response_format": {"type": "text"}, "parallel_tool_calls": true, "frequency_penalty": null})"),
                                         {});
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->model, "m");
  EXPECT_TRUE(request->streams);
  EXPECT_TRUE(request->includes_usage);
  EXPECT_EQ(request->n_choices, 2U);
  EXPECT_EQ(request->submit.max_tokens, 5);
  EXPECT_THAT(request->submit.stop, ElementsAre("a", "b"));
  EXPECT_TRUE(request->submit.split_reasoning);
  EXPECT_EQ(request->sampling,
            read_json(
                R"({"temperature": 0, "top_p": 1, "seed": 7, "logit_bias": {"5": -100},
                       "logprobs": true, "n_probs": 3})"));
}

TEST(ChatRequest, NamesWhatIsWrong) {
  const std::string user = R"("messages": [{"role": "user", "content": "hi"}])";
  EXPECT_THAT(chat_fault("{}"), HasSubstr("messages"));
  EXPECT_THAT(chat_fault(R"({"messages": []})"), HasSubstr("messages"));
  EXPECT_THAT(chat_fault(R"({"messages": [{"role": "king", "content": "x"}]})"),
              HasSubstr("messages[0].role"));
  EXPECT_THAT(chat_fault(R"({"messages": [{"role": "user", "content": 5}]})"),
              HasSubstr("messages[0].content"));
  EXPECT_THAT(chat_fault(R"({"messages": [{"role": "user"}]})"), HasSubstr("messages[0].content"));
  EXPECT_THAT(chat_fault(R"({"messages": [{"role": "user", "content":
                            [{"type": "image_url", "image_url": {"url": "x"}}]}]})"),
              HasSubstr("messages[0].content[0].type"));
  EXPECT_THAT(chat_fault("{" + user + R"(, "temprature": 1})"), HasSubstr("temprature"));
  EXPECT_THAT(chat_fault("{" + user + R"(, "temperature": "hot"})"), HasSubstr("temperature"));
  EXPECT_THAT(chat_fault("{" + user + R"(, "max_tokens": 1.5})"), HasSubstr("max_tokens"));
  EXPECT_THAT(chat_fault("{" + user + R"(, "n": 0})"), HasSubstr("n:"));
  EXPECT_THAT(chat_fault("{" + user + R"(, "top_logprobs": 3})"), HasSubstr("top_logprobs"));
  EXPECT_THAT(chat_fault("{" + user + R"(, "stop": [5]})"), HasSubstr("stop"));
  EXPECT_THAT(chat_fault("{" + user + R"(, "stream_options": {"include_usage": true}})"),
              HasSubstr("stream_options"));
  EXPECT_THAT(chat_fault("{" + user + R"(, "reasoning_effort": "huge"})"),
              HasSubstr("reasoning_effort"));
  for (const char* refused :
       {R"("tools": [{}])", R"("tool_choice": "required")", R"("grammar": "root ::= x")",
        R"("response_format": {"type": "json_object"})", R"("modalities": ["audio"])"}) {
    const auto request = read_chat_request(read_json("{" + user + ", " + refused + "}"), {});
    ASSERT_FALSE(request) << refused;
    EXPECT_EQ(row_of(request.error().kind).status, 400) << refused;
  }
}

TEST(ChatRequest, GivesTheTemplateItsVariables) {
  EXPECT_EQ(variables_of(R"({"messages": [
      {"role": "developer", "content": "be brief"},
      {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
      {"role": "assistant", "content": null, "tool_calls": [{"id": "1"}], "audio": null},
      {"role": "tool", "content": "4", "tool_call_id": "1"}],
    "chat_template_kwargs": {"date": "today"}, "add_generation_prompt": false})"),
            read_json(R"({"messages": [
      {"role": "system", "content": "be brief"}, {"role": "user", "content": "a\nb"},
      {"role": "assistant", "content": "", "tool_calls": [{"id": "1"}]},
      {"role": "tool", "content": "4", "tool_call_id": "1"}],
    "add_generation_prompt": false, "date": "today"})"));
  EXPECT_EQ(variables_of(R"({"messages": [{"role": "user", "content": "x"}]})"),
            read_json(R"({"messages": [{"role": "user", "content": "x"}],
                       "add_generation_prompt": true})"));
  EXPECT_THAT(chat_fault(R"({"messages": [{"role": "user", "content": "x"}],
                            "chat_template_kwargs": {"messages": []}})"),
              HasSubstr("chat_template_kwargs.messages"));
}

TEST(ChatRequest, SwitchesReasoningByEffort) {
  const auto body = [](std::string_view rest) {
    return R"({"messages": [{"role": "user", "content": "x"}], )" + std::string(rest) + "}";
  };
  EXPECT_EQ(variables_of(body(R"("reasoning_effort": "none")"), kSwitched)["enable_thinking"],
            false);
  EXPECT_EQ(variables_of(body(R"("reasoning_effort": "high")"), kSwitched)["enable_thinking"],
            true);
  EXPECT_EQ(variables_of(body(R"("reasoning_effort": "high")"), kSwitched)["reasoning_effort"],
            "high");
  EXPECT_FALSE(variables_of(body(R"("reasoning_effort": "none")"), {}).contains("enable_thinking"));
  EXPECT_EQ(variables_of(body(R"("reasoning_effort": "none",
                                 "chat_template_kwargs": {"enable_thinking": true})"),
                         kSwitched)["enable_thinking"],
            true);
  EXPECT_FALSE(variables_of(body(R"("n": 1)"), kSwitched).contains("enable_thinking"));
}

TEST(CompletionRequest, TakesPromptsOfEveryForm) {
  const auto prompts = [](std::string_view prompt) {
    return read_completion_request(read_json(R"({"prompt": )" + std::string(prompt) + "}"));
  };
  EXPECT_EQ(prompts(R"("text")")->prompts.size(), 1U);
  EXPECT_EQ(std::get<wire::TokenPrompt>(prompts("[1, 2, 3]")->prompts.front()).ids,
            (std::vector<wire::TokenId>{1, 2, 3}));
  EXPECT_EQ(prompts(R"(["a", "b"])")->prompts.size(), 2U);
  EXPECT_EQ(prompts("[[1, 2], [3]]")->prompts.size(), 2U);
  EXPECT_EQ(prompts(R"([[1, 2], "b"])")->prompts.size(), 2U);
  EXPECT_EQ(prompts(R"("text")")->common.submit.max_tokens, 16);
  for (const char* wrong : {"[]", "5", "[[]]", "[1, \"a\"]", "[1.5]", "[-1]", "[4294967296]", "{}"})
    EXPECT_FALSE(prompts(wrong)) << wrong;
}

// What lm-eval's local-completions sends for a loglikelihood.
TEST(CompletionRequest, AsksForThePromptsScores) {
  const auto request = read_completion_request(read_json(R"({"model": "m", "prompt": [[5, 6, 7]],
    "temperature": 0, "max_tokens": 1, "logprobs": 1, "seed": 1234, "echo": true})"));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_TRUE(request->echoes);
  EXPECT_EQ(request->n_logprobs, 1);
  EXPECT_EQ(request->common.submit.n_prompt_logprobs, 1);
  EXPECT_EQ(request->common.sampling,
            read_json(R"({"temperature": 0, "seed": 1234, "logprobs": true, "n_probs": 1})"));
}

TEST(CompletionRequest, MaySayWhetherItsPromptIsCached) {
  EXPECT_EQ(read_completion_request(read_json(R"({"prompt": "x"})"))->common.caches_prompt,
            std::nullopt);
  for (const bool caches : {false, true}) {
    const Json body = {{"prompt", "x"}, {"cache_prompt", caches}};
    EXPECT_EQ(read_completion_request(body)->common.caches_prompt, caches);
  }
  EXPECT_THAT(chat_fault(R"({"messages": [{"role": "user", "content": "x"}], "cache_prompt": 1})"),
              HasSubstr("cache_prompt"));
}

TEST(CopiesOf, DifferInTheirSeeds) {
  GenerationRequest request{.model = "", .submit = {}, .n_choices = 3};
  request.sampling["seed"] = 5;
  const auto copies = copies_of(request, wire::TextPrompt{.text = "x"});
  ASSERT_EQ(copies.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read_json(copies[i].sampling_json)["seed"], 5 + i);
    EXPECT_EQ(std::get<wire::TextPrompt>(copies[i].prompt).text, "x");
  }
  request.sampling.clear();
  EXPECT_EQ(copies_of(request, wire::TextPrompt{})[2].sampling_json, "{}");
}

}  // namespace
}  // namespace hearth::server
