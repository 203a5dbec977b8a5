// SPDX-License-Identifier: Apache-2.0
#include "engine/running.h"

#include <utility>

namespace hearth::engine {
namespace {

double seconds(Clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

Running::Running(Request asked, std::shared_ptr<EventQueue> events,
                 const text::Tokenizer& tokenizer, sample::Sampler chosen_sampler,
                 model::Sequence state, std::vector<TokenId> prompt)
    : request(std::move(asked)),
      tokens(std::move(prompt)),
      n_prompt(static_cast<std::uint32_t>(tokens.size())),
      n_reused(state.length()),
      sequence(std::move(state)),
      sampler(std::move(chosen_sampler)),
      events_(std::move(events)),
      decoder_(tokenizer),
      stops_(request.stop) {
  sampler.accept_prompt(tokens);
}

void Running::expect_thinking(bool has_begun, std::vector<TokenId> shown_marks) {
  starts_thinking_ = has_begun;
  decoder_.show(std::move(shown_marks));
}

void Running::accept(TokenId token, const text::Tokenizer& tokenizer, std::uint32_t n_ctx) {
  if (n_generated_ == 0) {
    first_token_ = Clock::now();
    send(StartedEvent{n_prompt, n_reused, starts_thinking_});
  }
  sampler.accept(token);
  tokens.push_back(token);
  ++n_generated_;
  if (tokenizer.is_end_of_generation(token) && !request.ignore_end)
    return finish(FinishReason::end_of_generation);
  send_text(stops_.push(decoder_.push(token)), token);
  if (stops_.stopped()) return finish(FinishReason::stop_text);
  if (request.max_tokens >= 0 && n_generated_ >= static_cast<std::uint32_t>(request.max_tokens))
    return finish(FinishReason::max_tokens);
  if (tokens.size() >= n_ctx) return finish(FinishReason::context_full);
}

void Running::finish(FinishReason reason) {
  if (reason != FinishReason::stop_text) {
    std::string rest = stops_.push(decoder_.finish());
    rest += stops_.finish();
    if (!rest.empty()) send(TextEvent{std::move(rest), {}});
  }
  const Clock::time_point now = Clock::now();
  if (n_generated_ == 0) first_token_ = now;
  send(FinishedEvent{.reason = reason,
                     .n_prompt = n_prompt,
                     .n_generated = n_generated_,
                     .prompt_seconds = seconds(first_token_ - submitted_),
                     .generation_seconds = seconds(now - first_token_),
                     .first_token_seconds = seconds(first_token_ - submitted_)});
  ended_ = true;
}

void Running::fail(Error error) {
  send(FailedEvent{std::move(error)});
  ended_ = true;
}

void Running::send(decltype(Event::what) what) {
  outbox_.push_back({request.id, std::move(what)});
}

// While the reader is slow, text joins the event that is still waiting: memory stays bounded by the
// answer itself.
void Running::send_text(std::string text, TokenId token) {
  if (!outbox_.empty()) {
    if (auto* last = std::get_if<TextEvent>(&outbox_.back().what)) {
      last->text += text;
      last->tokens.push_back(token);
      return;
    }
  }
  send(TextEvent{std::move(text), {token}});
}

bool Running::flush() {
  std::size_t sent = 0;
  while (sent < outbox_.size() && events_->try_push(outbox_[sent])) ++sent;
  outbox_.erase(outbox_.begin(), outbox_.begin() + static_cast<std::ptrdiff_t>(sent));
  if (outbox_.empty()) return true;
  if (events_->is_closed()) {
    gone_ = true;
    outbox_.clear();
  }
  return outbox_.empty();
}

}  // namespace hearth::engine
