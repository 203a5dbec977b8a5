// SPDX-License-Identifier: Apache-2.0
#include "engine/running.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "sample/softmax.h"

namespace hearth::engine {
namespace {

double seconds(Clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Position make_position(const text::Tokenizer& tokenizer, sample::TokenLogprob chosen,
                       std::span<const sample::TokenLogprob> likeliest) {
  const auto with_bytes = [&](const sample::TokenLogprob& token) {
    return TokenLogprob{token.id, token.logprob, std::string(tokenizer.bytes_of(token.id))};
  };
  Position position{.chosen = with_bytes(chosen), .likeliest = {}};
  position.likeliest.reserve(likeliest.size());
  for (const sample::TokenLogprob& token : likeliest)
    position.likeliest.push_back(with_bytes(token));
  return position;
}

}  // namespace

Running::Running(Request asked, std::shared_ptr<EventQueue> events,
                 const text::Tokenizer& tokenizer, model::SequenceStore& store,
                 std::vector<TokenId> prompt, Clock::time_point submitted)
    : request(std::move(asked)),
      tokens(std::move(prompt)),
      n_prompt(static_cast<std::uint32_t>(tokens.size())),
      sequence(store),
      tokenizer_(tokenizer),
      events_(std::move(events)),
      text_(tokenizer, request.stop),
      n_prompt_wanted_(request.n_prompt_logprobs >= 0 ? n_prompt - 1 : 0),
      submitted_(submitted) {
  if (request.embedding)
    pooler_.emplace(request.embedding->pooling, n_prompt, request.embedding->n_dims);
}

void Running::expect_thinking(bool has_begun, std::vector<TokenId> shown_marks) {
  starts_thinking_ = has_begun;
  text_.show(std::move(shown_marks));
}

void Running::admit() {
  is_admitted_ = true;
  admitted_ = Clock::now();
}

void Running::begin(CacheMatch match) {
  n_kept_blocks = match.n_tokens / model::kBlockTokens;
  if (has_generated()) return;
  change_ = find_change(std::exchange(match.lost, {}), std::span(tokens).subspan(match.n_tokens));
  match_ = std::move(match);
}

void Running::lose_blocks() {
  sequence.roll_back(0);
  n_kept_blocks = 0;
}

model::Wanted Running::wanted(std::uint32_t row) const {
  if (pooler_) return pooler_->wants(row) ? model::Wanted::hidden : model::Wanted::nothing;
  const bool is_scored = row >= n_prompt_taken_ && row < n_prompt_wanted_;
  return row + 1 == tokens.size() || is_scored ? model::Wanted::logits : model::Wanted::nothing;
}

std::uint32_t Running::first_wanted() const {
  if (pooler_) return pooler_->first_wanted();
  return wants_prompt_logprobs() ? n_prompt_taken_ : static_cast<std::uint32_t>(tokens.size()) - 1;
}

Result<void> Running::take_state(std::uint32_t row, std::span<const float> state) {
  CHECK(pooler_.has_value());
  pooler_->take(row, state);
  if (!pooler_->is_done()) return {};
  std::vector<float> values = TRY(pooler_->embedding());
  send(EmbeddingEvent{.values = std::move(values),
                      .n_prompt = n_prompt,
                      .n_reused = match_.n_tokens,
                      .queue_seconds = seconds(admitted_ - submitted_),
                      .prompt_seconds = seconds(Clock::now() - admitted_)});
  ended_ = true;
  return {};
}

Result<void> Running::take_prompt_logits(std::uint32_t row, std::span<const float> logits) {
  const bool is_sound = !sample::has_bad_value(logits) &&
                        std::ranges::any_of(logits, [](float x) { return std::isfinite(x); });
  if (!is_sound)
    return hearth::fail(ErrorCode::failed,
                        "the model computed a logit that is not a finite number");
  std::vector<sample::TokenLogprob> top;
  const TokenId next = tokens[row + 1];
  const float logprob =
      sample::read_logprobs(logits, next, static_cast<std::size_t>(request.n_prompt_logprobs), top);
  if (outbox_.empty()) send(PromptLogprobsEvent{});
  std::get<PromptLogprobsEvent>(outbox_.back().what)
      .positions.push_back(make_position(tokenizer_, {next, logprob}, top));
  n_prompt_taken_ = row + 1;
  return {};
}

void Running::accept(const sample::Choice& choice, std::uint32_t n_ctx) {
  if (n_generated_ == 0) {
    first_token_ = Clock::now();
    send(StartedEvent{.n_prompt = n_prompt,
                      .n_reused = match_.n_tokens,
                      .is_thinking = starts_thinking_,
                      .cache_stop = match_.stop,
                      .cached_token = match_.cached_token,
                      .n_lost = match_.n_lost,
                      .n_repeated = change_.n_repeated,
                      .n_shifted = change_.n_shifted});
  }
  std::optional<Position> position = position_of(choice);
  CHECK(sampler.has_value());
  sampler->accept(choice.id);
  tokens.push_back(choice.id);
  ++n_generated_;
  if (tokenizer_.is_end_of_generation(choice.id) && !request.ignore_end)
    return finish(FinishReason::end_of_generation);
  send_text(text_.push(choice.id, std::move(position)));
  if (text_.stopped()) return finish(FinishReason::stop_text);
  if (request.max_tokens >= 0 && n_generated_ >= static_cast<std::uint32_t>(request.max_tokens))
    return finish(FinishReason::max_tokens);
  if (tokens.size() >= n_ctx) return finish(FinishReason::context_full);
}

std::optional<Position> Running::position_of(const sample::Choice& choice) const {
  if (!request.sampling.logprobs && request.sampling.n_probs == 0) return std::nullopt;
  return make_position(tokenizer_, {choice.id, choice.logprob}, choice.top);
}

void Running::finish(FinishReason reason) {
  send_text(text_.finish());
  const Clock::time_point now = Clock::now();
  if (!is_admitted_) admitted_ = now;
  if (n_generated_ == 0) first_token_ = now;
  send(FinishedEvent{.reason = reason,
                     .n_prompt = n_prompt,
                     .n_reused = match_.n_tokens,
                     .n_generated = n_generated_,
                     .queue_seconds = seconds(admitted_ - submitted_),
                     .prompt_seconds = seconds(first_token_ - admitted_),
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
void Running::send_text(TextEvent text) {
  if (text.text.empty() && text.tokens.empty()) return;
  TextEvent* const last = outbox_.empty() ? nullptr : std::get_if<TextEvent>(&outbox_.back().what);
  if (last == nullptr) return send(std::move(text));
  last->text += text.text;
  last->tokens.insert(last->tokens.end(), text.tokens.begin(), text.tokens.end());
  std::ranges::move(text.positions, std::back_inserter(last->positions));
}

bool Running::flush() {
  std::size_t sent = 0;
  while (sent < outbox_.size() && events_->try_push(outbox_[sent])) ++sent;
  outbox_.erase(outbox_.begin(), outbox_.begin() + static_cast<std::ptrdiff_t>(sent));
  if (events_->is_closed()) {
    gone_ = true;
    outbox_.clear();
  }
  return outbox_.empty();
}

}  // namespace hearth::engine
