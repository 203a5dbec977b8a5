// SPDX-License-Identifier: Apache-2.0
#include "server/openai/run_answers.h"

#include <iterator>

#include "base/json.h"
#include "server/http/events.h"
#include "server/openai/cache_report.h"

namespace hearth::server {
namespace {

// Templates, sampling fields and lengths are checked by then, unless many wait.
constexpr auto kPatience = std::chrono::milliseconds(1500);
constexpr auto kLookAround = std::chrono::seconds(60);

using Clock = std::chrono::steady_clock;

// The metrics of one answer, as its events come.
class AnswerClock {
 public:
  explicit AnswerClock(ModelMetrics& metrics) : metrics_(&metrics) {}

  void see(const wire::ToFront& event) {
    if (const auto* text = std::get_if<wire::Text>(&event)) {
      see_tokens(text->tokens.size());
    } else if (const auto* finished = std::get_if<wire::Finished>(&event)) {
      see_end(*finished);
    } else if (std::holds_alternative<wire::Failed>(event)) {
      metrics_->finished(FinishReason::error).add();
    }
  }

 private:
  static double seconds(Clock::duration time) {
    return std::chrono::duration<double>(time).count();
  }

  // Tokens that came together share the time since those before.
  void see_tokens(std::size_t n) {
    if (n == 0) return;
    const auto now = Clock::now();
    if (!has_tokens_) metrics_->time_to_first_token_seconds.observe(seconds(now - started_));
    for (std::size_t i = 0; has_tokens_ && i < n; ++i)
      metrics_->inter_token_latency_seconds.observe(seconds(now - last_) / static_cast<double>(n));
    has_tokens_ = true;
    last_ = now;
  }

  void see_end(const wire::Finished& end) {
    metrics_->finished(is_cut(end.reason) ? FinishReason::length : FinishReason::stop).add();
    metrics_->e2e_request_latency_seconds.observe(seconds(Clock::now() - started_));
    metrics_->request_queue_time_seconds.observe(end.queue_seconds);
    metrics_->request_prefill_time_seconds.observe(end.prompt_seconds);
    metrics_->request_decode_time_seconds.observe(end.generation_seconds);
    metrics_->request_prompt_tokens.observe(end.n_prompt);
    metrics_->request_generation_tokens.observe(end.n_generated);
    metrics_->prompt_tokens_total.add(end.n_prompt);
    metrics_->generation_tokens_total.add(end.n_generated);
    metrics_->prefix_cache_queries_total.add(end.n_prompt);
    metrics_->prefix_cache_hits_total.add(end.n_reused);
  }

  ModelMetrics* metrics_;
  Clock::time_point started_ = Clock::now(), last_;
  bool has_tokens_ = false;
};

using Streams = std::vector<std::shared_ptr<RequestStream>>;

std::expected<Streams, ApiError> begin_all(ResponseWriter& writer, ModelWorker& worker,
                                           std::vector<wire::Submit> submits) {
  Streams streams;
  for (wire::Submit& submit : submits) {
    auto stream = worker.begin(std::move(submit));
    if (!stream) return std::unexpected(api_error_of(stream.error()));
    (*stream)->on_news(writer.waker());
    streams.push_back(std::move(*stream));
  }
  return streams;
}

void append(std::vector<wire::Position>& to, const std::vector<wire::Position>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

Task<std::expected<void, ApiError>> run_answers(ResponseWriter& writer, ServedModel& model,
                                                std::vector<wire::Submit> submits, OnEvent on_event,
                                                OnSettled on_settled) {
  auto streams = begin_all(writer, *model.worker, std::move(submits));
  if (!streams) co_return std::unexpected(std::move(streams.error()));
  const auto started = Clock::now();
  std::vector<AnswerClock> clocks(streams->size(), AnswerClock(*model.metrics));
  bool is_settled = !on_settled;
  const auto settle = [&] {
    if (!is_settled) on_settled();
    is_settled = true;
  };
  for (std::size_t n_open = streams->size(); n_open > 0;) {
    if (writer.is_gone()) {
      model.metrics->finished(FinishReason::abort).add(n_open);
      co_return std::unexpected(ApiError{ApiErrorKind::cancelled, "the client is gone", "", {}});
    }
    bool any = false;
    for (std::size_t i = 0; i < streams->size(); ++i) {
      for (const wire::ToFront& event : (*streams)[i]->take()) {
        any = true;
        clocks[i].see(event);
        if (i == 0) report_cache(model, writer.request_id(), event);
        if (const auto* failed = std::get_if<wire::Failed>(&event))
          co_return std::unexpected(api_error_of(*failed));
        settle();
        on_event(i, event);
        if (ends_request(event)) --n_open;
      }
    }
    if (any) continue;
    const auto waited = Clock::now() - started;
    if (waited >= kPatience) settle();
    co_await writer.wait(is_settled ? std::chrono::milliseconds(kLookAround) : kPatience);
  }
  co_return std::expected<void, ApiError>();
}

Task<void> stream_answers(ResponseWriter& writer, ServedModel& model,
                          std::vector<wire::Submit> submits, OnEvent on_event,
                          std::function<void()> on_end, std::chrono::milliseconds ping_interval) {
  bool has_started = false;
  const OnSettled on_settled = [&] {
    start_events(writer, ping_interval);
    has_started = true;
  };
  const auto done = co_await run_answers(writer, model, std::move(submits), on_event, on_settled);
  if (done) co_return on_end();
  if (!has_started) co_return writer.send(to_response(done.error()));
  send_event(writer, error_json(done.error()));
}

std::vector<wire::Submit> copies_of(const GenerationRequest& request, const wire::Prompt& prompt) {
  std::vector<wire::Submit> copies(request.n_choices, request.submit);
  Json sampling = request.sampling;
  const Json* const seed = member(request.sampling, "seed");
  const bool has_seed =
      seed != nullptr && seed->is_number_integer() && seed->get<std::int64_t>() >= 0;
  for (std::size_t i = 0; i < copies.size(); ++i) {
    copies[i].prompt = prompt;
    if (has_seed) sampling["seed"] = seed->get<std::uint64_t>() + i;
    copies[i].sampling_json = to_json_text(sampling);
  }
  return copies;
}

void collect(Choice& choice, const wire::ToFront& event) {
  if (const auto* text = std::get_if<wire::Text>(&event)) {
    (text->is_reasoning ? choice.reasoning : choice.text) += text->text;
    append(choice.positions, text->positions);
  } else if (const auto* prompt = std::get_if<wire::PromptPositions>(&event)) {
    append(choice.prompt_positions, prompt->positions);
  } else if (const auto* finished = std::get_if<wire::Finished>(&event)) {
    choice.finished = *finished;
  }
}

}  // namespace hearth::server
