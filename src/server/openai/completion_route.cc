// SPDX-License-Identifier: Apache-2.0
//
// POST /v1/completions. With echo the prompt comes first, and where log
// probabilities are asked for theirs too: the first token has none, whose piece
// is asked of the worker.
#include "base/json.h"
#include "server/body.h"
#include "server/http/events.h"
#include "server/openai/completion_request.h"
#include "server/openai/routes.h"
#include "server/openai/run_answers.h"

namespace hearth::server {
namespace {

// What an echo needs to know of a prompt before the answer comes.
struct Echo {
  std::string text;
  std::optional<std::string> first_piece;
  bool first_is_text = true;
};

Task<std::expected<Echo, ApiError>> find_echo(ResponseWriter& writer, ModelWorker& worker,
                                              wire::Prompt prompt) {
  Echo echo;
  if (const auto* ids = std::get_if<wire::TokenPrompt>(&prompt)) {
    wire::Detokenize whole, beginning;
    whole.ids = ids->ids;
    beginning.ids.assign(1, ids->ids.front());
    auto all = co_await ask_worker<wire::Rendered>(writer, worker, std::move(whole));
    if (!all) co_return std::unexpected(std::move(all.error()));
    auto first = co_await ask_worker<wire::Rendered>(writer, worker, std::move(beginning));
    if (!first) co_return std::unexpected(std::move(first.error()));
    echo.text = std::move(all->text);
    echo.first_piece = std::move(first->text);
    co_return echo;
  }
  const auto& given = std::get<wire::TextPrompt>(prompt);
  wire::Tokenize question;
  question.text = given.text;
  question.add_special = given.add_special;
  question.parse_special = given.parse_special;
  question.with_pieces = true;
  auto tokens = co_await ask_worker<wire::Tokens>(writer, worker, std::move(question));
  if (!tokens) co_return std::unexpected(std::move(tokens.error()));
  echo.text = given.text;
  if (!tokens->pieces.empty()) {
    echo.first_piece = tokens->pieces.front();
    echo.first_is_text = given.text.starts_with(*echo.first_piece);
  }
  co_return echo;
}

// Writes chunks as events come.
class CompletionStream {
 public:
  CompletionStream(ResponseWriter& writer, AnswerHead head, const CompletionRequest& request,
                   std::vector<Echo> echoes)
      : writer_(writer),
        head_(std::move(head)),
        request_(request),
        echoes_(std::move(echoes)),
        ends_(request.prompts.size() * request.common.n_choices),
        n_characters_(ends_.size()),
        prompts_(ends_.size()) {}

  void take(std::size_t i, const wire::ToFront& event) {
    if (const auto* prompt = std::get_if<wire::PromptPositions>(&event)) {
      collect(prompts_[i], *prompt);
    } else if (std::holds_alternative<wire::Started>(event) && request_.echoes) {
      const Echo& echo = echoes_[i / request_.common.n_choices];
      prompts_[i].first_piece = echo.first_piece;
      prompts_[i].first_is_text = echo.first_is_text;
      send(completion_chunk(head_, i, echo.text,
                            has_logprobs() ? echo_logprobs(prompts_[i]) : Json(nullptr), nullptr));
      n_characters_[i] = count_characters(echo.text);
      prompts_[i] = {};
    } else if (const auto* text = std::get_if<wire::Text>(&event)) {
      send(completion_chunk(
          head_, i, text->text,
          has_logprobs() ? legacy_logprobs(text->positions, n_characters_[i]) : Json(nullptr),
          nullptr));
      n_characters_[i] += count_characters(text->text);
    } else if (const auto* finished = std::get_if<wire::Finished>(&event)) {
      ends_[i] = *finished;
      send(completion_chunk(head_, i, "", nullptr, finished));
    }
  }

  void end() {
    if (request_.common.includes_usage)
      send(usage_chunk(head_, "text_completion", usage_json(ends_, request_.common.n_choices)));
    send_done_event(writer_);
  }

 private:
  bool has_logprobs() const { return request_.n_logprobs >= 0; }
  void send(const Json& chunk) { send_event(writer_, to_json_text(chunk)); }

  ResponseWriter& writer_;
  const AnswerHead head_;
  const CompletionRequest& request_;
  const std::vector<Echo> echoes_;
  std::vector<wire::Finished> ends_;
  std::vector<std::size_t> n_characters_;
  std::vector<Choice> prompts_;  // until they have been echoed
};

// max_tokens 0 with echo asks for the prompt's scores alone, and gets no token.
Task<void> answer_whole(Call& call, ServedModel& model, const AnswerHead& head,
                        const CompletionRequest& request, std::vector<Echo> echoes,
                        std::vector<wire::Submit> submits) {
  std::vector<Choice> choices(submits.size());
  for (std::size_t i = 0; i < choices.size() && request.echoes; ++i) {
    const Echo& echo = echoes[i / request.common.n_choices];
    choices[i].prompt_text = echo.text;
    choices[i].first_piece = echo.first_piece;
    choices[i].first_is_text = echo.first_is_text;
  }
  const OnEvent on_event = [&](std::size_t i, const wire::ToFront& event) {
    collect(choices[i], event);
  };
  const auto done = co_await run_answers(call.writer, model, std::move(submits), on_event);
  if (!done) co_return send_error(call.writer, done.error());
  send_json(call.writer,
            completion_body(head, choices, request.common.n_choices, request.n_logprobs >= 0));
}

}  // namespace

Task<void> answer_completion(Models& models, const ApiSettings& settings, Call& call) {
  const auto body = read_body(call.request);
  if (!body) co_return send_error(call.writer, body.error());
  auto request = read_completion_request(*body);
  if (!request) co_return send_error(call.writer, request.error());
  const std::size_t n_answers = request->prompts.size() * request->common.n_choices;
  const auto model = models.find_ready(call, request->common.model, n_answers);
  if (!model) co_return send_error(call.writer, model.error());
  wire::Submit& submit = request->common.submit;
  submit.cache_scope = submit.share_key = number_of_key(call.key_id);
  submit.uses_cache = request->common.caches_prompt.value_or((*model)->caches_prompts);
  const AnswerHead head = begin_answer(call, **model, settings, "cmpl-");
  ModelWorker& worker = *(*model)->worker;

  std::vector<Echo> echoes;
  std::vector<wire::Submit> submits;
  for (const wire::Prompt& prompt : request->prompts) {
    if (request->echoes) {
      auto echo = co_await find_echo(call.writer, worker, prompt);
      if (!echo) co_return send_error(call.writer, echo.error());
      echoes.push_back(std::move(*echo));
    }
    for (wire::Submit& copy : copies_of(request->common, prompt))
      submits.push_back(std::move(copy));
  }
  if (!request->common.streams)
    co_return co_await answer_whole(call, **model, head, *request, std::move(echoes),
                                    std::move(submits));
  CompletionStream stream(call.writer, head, *request, std::move(echoes));
  const OnEvent on_event = [&](std::size_t i, const wire::ToFront& event) {
    stream.take(i, event);
  };
  const std::function<void()> on_end = [&] { stream.end(); };
  co_await stream_answers(call.writer, **model, std::move(submits), on_event, on_end,
                          settings.ping_interval);
}

}  // namespace hearth::server
