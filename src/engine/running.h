// SPDX-License-Identifier: Apache-2.0
//
// One request, from its arrival to its last event: waiting for a place, then being computed.
// Belongs to the engine's thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "base/queue.h"
#include "engine/answer_text.h"
#include "engine/pooling.h"
#include "engine/prefix_cache.h"
#include "engine/prompt_change.h"
#include "engine/request.h"
#include "model/batch.h"
#include "model/sequence.h"
#include "sample/sampler.h"

namespace hearth::engine {

using EventQueue = BoundedQueue<Event>;
using Clock = std::chrono::steady_clock;

// Where a request's rows stand in the step being computed. Its rows that want logits are
// consecutive among those of the step, and so are its rows that want hidden states.
struct StepRows {
  std::uint32_t n_rows = 0;
  std::uint32_t first_logits = 0, n_logits = 0;
  std::uint32_t first_states = 0, n_states = 0;
};

class Running {
 public:
  // The tokenizer outlives it. The prompt is not empty.
  Running(Request asked, std::shared_ptr<EventQueue> events, const text::Tokenizer& tokenizer,
          model::SequenceStore& store, std::vector<TokenId> prompt, Clock::time_point submitted);

  // Before the first token: whether the prompt has begun the reasoning, and which control tokens of
  // its marks are to be written.
  void expect_thinking(bool has_begun, std::vector<TokenId> shown_marks);
  // It has a place now.
  void admit();
  // What it begins with, or begins with again, from the cache.
  void begin(CacheMatch match);
  // Gives up its blocks; its past will be computed again.
  void lose_blocks();

  // The rows of the step were computed; row i of the request (i as in tokens) gave these logits, if
  // it wanted them.
  Result<void> take_prompt_logits(std::uint32_t row, std::span<const float> logits);
  // The same of one that wanted a hidden state; the last of them ends the request.
  Result<void> take_state(std::uint32_t row, std::span<const float> state);
  // Takes a sampled token in: text out, and the end if this was it. n_ctx is the context's length.
  void accept(const sample::Choice& choice, std::uint32_t n_ctx);
  void finish(FinishReason reason);
  void fail(Error error);

  // Hands waiting events to the reader; false while some had to stay (a slow reader), which pauses
  // this request and nobody else. A reader that closed its queue has gone: gone() is then true.
  bool flush();
  bool gone() const { return gone_; }
  bool ended() const { return ended_; }
  bool drained() const { return outbox_.empty(); }
  bool is_admitted() const { return is_admitted_; }

  // Tokens that the model has not seen yet: a stretch of the prompt, or the one just sampled.
  std::uint32_t n_pending() const {
    return static_cast<std::uint32_t>(tokens.size()) - sequence.length();
  }
  bool has_generated() const { return tokens.size() > n_prompt; }
  // One row gives the next token.
  bool is_generating() const { return has_generated() && n_pending() == 1; }
  // May have rows in a step.
  bool is_active() const { return is_admitted_ && !ended_ && drained(); }
  bool wants_prompt_logprobs() const { return n_prompt_wanted_ > n_prompt_taken_; }
  bool wants_embedding() const { return pooler_.has_value(); }
  // What is wanted of a row.
  model::Wanted wanted(std::uint32_t row) const;
  // The first row of which something is still wanted: what is before it may come from the cache.
  std::uint32_t first_wanted() const;
  // Tokens that must be in the KV cache at once for the request to get on: all, and the next.
  std::size_t n_needed() const { return tokens.size() + (wants_embedding() ? 0 : 1); }

  const Request request;
  std::vector<TokenId> tokens;  // the prompt and all that was generated
  const std::uint32_t n_prompt;
  model::Sequence sequence;
  std::optional<sample::Sampler> sampler;  // made when it is first needed
  StepRows step;
  std::uint32_t n_kept_blocks = 0;  // of its sequence, that the cache has been shown
  bool is_short = false;            // what of it was not cached when it began (StepCosts)

 private:
  std::optional<Position> position_of(const sample::Choice& choice) const;
  void send(decltype(Event::what) what);
  void send_text(TextEvent text);

  const text::Tokenizer& tokenizer_;
  std::shared_ptr<EventQueue> events_;
  std::vector<Event> outbox_;
  AnswerText text_;
  std::optional<Pooler> pooler_;  // of requests that end in an embedding
  CacheMatch match_;
  PromptChange change_;
  // Rows of the prompt whose logits are for log probabilities: all but the last; those done.
  std::uint32_t n_prompt_wanted_ = 0, n_prompt_taken_ = 0;
  std::uint32_t n_generated_ = 0;
  bool starts_thinking_ = false;
  bool is_admitted_ = false, ended_ = false, gone_ = false;
  Clock::time_point submitted_, admitted_{}, first_token_{};
};

}  // namespace hearth::engine
