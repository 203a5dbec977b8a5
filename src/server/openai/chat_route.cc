// SPDX-License-Identifier: Apache-2.0
//
// POST /v1/chat/completions. The order of a stream's chunks is the one official
// clients were written for: the role, the reasoning, the content, an empty
// delta with the reason of the end, the usage where it was asked for, and
// [DONE].
#include "base/json.h"
#include "server/body.h"
#include "server/http/events.h"
#include "server/openai/chat_request.h"
#include "server/openai/routes.h"
#include "server/openai/run_answers.h"

namespace hearth::server {
namespace {

Json delta_of(const wire::Text& text) {
  if (text.text.empty()) return Json::object();
  return {{text.is_reasoning ? "reasoning_content" : "content", text.text}};
}

// Writes chunks as events come.
class ChatStream {
 public:
  ChatStream(ResponseWriter& writer, AnswerHead head, std::size_t n_choices)
      : writer_(writer), head_(std::move(head)), has_begun_(n_choices), ends_(n_choices) {}

  void take(std::size_t i, const wire::ToFront& event) {
    if (!has_begun_[i]) {
      has_begun_[i] = true;
      send(chat_chunk(head_, i, {{"role", "assistant"}, {"content", ""}}, nullptr, nullptr));
    }
    if (const auto* text = std::get_if<wire::Text>(&event)) {
      if (text->text.empty() && text->positions.empty()) return;
      send(chat_chunk(head_, i, delta_of(*text),
                      text->positions.empty() ? Json(nullptr) : chat_logprobs(text->positions),
                      nullptr));
    } else if (const auto* finished = std::get_if<wire::Finished>(&event)) {
      ends_[i] = *finished;
      send(chat_chunk(head_, i, Json::object(), nullptr, finished));
    }
  }

  void end(bool with_usage) {
    if (with_usage)
      send(usage_chunk(head_, "chat.completion.chunk", usage_json(ends_, ends_.size())));
    send_done_event(writer_);
  }

 private:
  void send(const Json& chunk) { send_event(writer_, to_json_text(chunk)); }

  ResponseWriter& writer_;
  const AnswerHead head_;
  std::vector<bool> has_begun_;
  std::vector<wire::Finished> ends_;
};

}  // namespace

Task<void> answer_chat(Models& models, const ApiSettings& settings, Call& call) {
  const auto body = read_body(call.request);
  if (!body) co_return send_error(call.writer, body.error());
  const Json* name = member(*body, "model");
  const auto model =
      models.find_ready(call, name != nullptr && name->is_string() ? name->get<std::string>() : "");
  // A body that is wrong is told so whatever the model is doing.
  const auto request = read_chat_request(
      *body, model ? (*model)->worker->facts().loaded.thinking : wire::ThinkingFacts());
  if (!request) co_return send_error(call.writer, request.error());
  if (!model) co_return send_error(call.writer, model.error());

  GenerationRequest asked = *request;
  asked.submit.cache_scope = asked.submit.share_key = number_of_key(call.key_id);
  asked.submit.uses_cache = asked.caches_prompt.value_or((*model)->caches_prompts);
  const AnswerHead head = begin_answer(call, **model, settings, "chatcmpl-");
  std::vector<wire::Submit> submits = copies_of(asked, asked.submit.prompt);
  if (!asked.streams) {
    std::vector<Choice> choices(asked.n_choices);
    const OnEvent on_event = [&](std::size_t i, const wire::ToFront& event) {
      collect(choices[i], event);
    };
    const auto done = co_await run_answers(call.writer, **model, std::move(submits), on_event);
    if (!done) co_return send_error(call.writer, done.error());
    co_return send_json(call.writer, chat_body(head, choices));
  }
  ChatStream stream(call.writer, head, asked.n_choices);
  const OnEvent on_event = [&](std::size_t i, const wire::ToFront& event) {
    stream.take(i, event);
  };
  const std::function<void()> on_end = [&] { stream.end(asked.includes_usage); };
  co_await stream_answers(call.writer, **model, std::move(submits), on_event, on_end,
                          settings.ping_interval);
}

}  // namespace hearth::server
