// SPDX-License-Identifier: Apache-2.0
//
// POST /v1/embeddings. Every input is a request of its own to the worker, so that a list shares the
// model with everybody else; a few at a time, so that a long one does not fill the queue.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/json.h"
#include "server/body.h"
#include "server/openai/embedding_request.h"
#include "server/openai/routes.h"

namespace hearth::server {
namespace {

// More than are computed at once, so that the next is there when one ends.
constexpr std::size_t kAtOnce = 16;
constexpr std::chrono::seconds kLookAgain{60};

using EmbeddingClock = std::chrono::steady_clock;

// An input that the worker has.
struct OpenInput {
  std::size_t index = 0;
  std::shared_ptr<RequestStream> stream;
  EmbeddingClock::time_point started;
};

void count_embedding(ModelMetrics& metrics, const wire::Embedding& embedding,
                     EmbeddingClock::duration time) {
  metrics.finished(FinishReason::stop).add();
  metrics.e2e_request_latency_seconds.observe(std::chrono::duration<double>(time).count());
  metrics.request_queue_time_seconds.observe(embedding.queue_seconds);
  metrics.request_prefill_time_seconds.observe(embedding.prompt_seconds);
  metrics.request_prompt_tokens.observe(embedding.n_prompt);
  metrics.prompt_tokens_total.add(embedding.n_prompt);
  metrics.prefix_cache_queries_total.add(embedding.n_prompt);
  metrics.prefix_cache_hits_total.add(embedding.n_reused);
}

// All of them, in order; or the error of the first that failed, whereupon the others are cancelled.
class EmbeddingRun {
 public:
  EmbeddingRun(ResponseWriter& writer, ServedModel& model, std::vector<wire::Embed> asked,
               bool is_list)
      : writer_(writer),
        model_(model),
        asked_(std::move(asked)),
        is_list_(is_list),
        done_(asked_.size()) {}

  Task<std::expected<void, ApiError>> run() {
    while (n_done_ < asked_.size()) {
      if (writer_.is_gone()) {
        model_.metrics->finished(FinishReason::abort).add(open_.size());
        co_return std::unexpected(ApiError{ApiErrorKind::cancelled, "the client is gone", "", {}});
      }
      if (auto error = take_news()) co_return std::unexpected(std::move(*error));
      if (auto error = begin_more()) co_return std::unexpected(std::move(*error));
      if (!open_.empty()) co_await writer_.wait(kLookAgain);
    }
    co_return std::expected<void, ApiError>();
  }

  std::span<const wire::Embedding> embeddings() const { return done_; }

 private:
  std::optional<ApiError> begin_more() {
    for (; open_.size() < kAtOnce && next_ < asked_.size(); ++next_) {
      auto stream = model_.worker->begin(std::move(asked_[next_]));
      if (!stream) return api_error_of(stream.error());
      (*stream)->on_news(writer_.waker());
      open_.push_back({next_, std::move(*stream), EmbeddingClock::now()});
    }
    return std::nullopt;
  }

  std::optional<ApiError> take_news() {
    for (OpenInput& input : open_) {
      for (wire::ToFront& event : input.stream->take()) {
        if (const auto* failed = std::get_if<wire::Failed>(&event)) return fault(input, *failed);
        auto* embedding = std::get_if<wire::Embedding>(&event);
        if (embedding == nullptr) continue;
        count_embedding(*model_.metrics, *embedding, EmbeddingClock::now() - input.started);
        done_[input.index] = std::move(*embedding);
        input.stream = nullptr;
        ++n_done_;
        break;
      }
    }
    std::erase_if(open_, [](const OpenInput& input) { return input.stream == nullptr; });
    return std::nullopt;
  }

  // Says which of a list it was.
  ApiError fault(const OpenInput& input, const wire::Failed& failed) const {
    model_.metrics->finished(FinishReason::error).add();
    ApiError error = api_error_of(failed);
    if (error.param.empty())
      error.param = is_list_ ? fmt::format("input[{}]", input.index) : "input";
    return error;
  }

  ResponseWriter& writer_;
  ServedModel& model_;
  std::vector<wire::Embed> asked_;
  const bool is_list_;
  std::vector<wire::Embedding> done_;
  std::vector<OpenInput> open_;
  std::size_t next_ = 0, n_done_ = 0;
};

// Of a list no more are asked for at once than the queue can take, so that none is too long.
std::expected<ServedModel*, ApiError> find_for(Models& models, const Call& call,
                                               const EmbeddingRequest& request) {
  const auto found = models.find(call, request.model);
  if (!found) return found;
  return models.find_ready(call, request.model,
                           std::min({request.inputs.size(), kAtOnce, (*found)->max_requests}));
}

}  // namespace

Task<void> answer_embeddings(Models& models, Call& call) {
  const auto body = read_body(call.request);
  if (!body) co_return send_error(call.writer, body.error());
  auto request = read_embedding_request(*body);
  if (!request) co_return send_error(call.writer, request.error());
  const auto model = find_for(models, call, *request);
  if (!model) co_return send_error(call.writer, model.error());
  wire::Embed common;
  common.pooling = (*model)->pooling;
  common.n_dims = request->n_dims;
  common.cache_scope = common.share_key = number_of_key(call.key_id);
  common.uses_cache = (*model)->caches_prompts;
  std::vector<wire::Embed> asked(request->inputs.size(), common);
  for (std::size_t i = 0; i < asked.size(); ++i) asked[i].prompt = std::move(request->inputs[i]);
  EmbeddingRun run(call.writer, **model, std::move(asked), request->is_list);
  const auto done = co_await run.run();
  if (!done) co_return send_error(call.writer, done.error());
  call.writer.send({.body = embedding_body((*model)->id, run.embeddings(), request->as_base64)});
}

}  // namespace hearth::server
