// SPDX-License-Identifier: Apache-2.0
//
// One request while it is being answered. Belongs to the engine's thread.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "base/queue.h"
#include "engine/request.h"
#include "engine/stop_strings.h"
#include "model/sequence.h"
#include "sample/sampler.h"
#include "text/stream_decoder.h"

namespace hearth::engine {

using EventQueue = BoundedQueue<Event>;
using Clock = std::chrono::steady_clock;

class Running {
 public:
  Running(Request asked, std::shared_ptr<EventQueue> events, const text::Tokenizer& tokenizer,
          sample::Sampler chosen_sampler, model::Sequence state, std::vector<TokenId> prompt);

  // Before the first token: whether the prompt has begun the reasoning, and which control tokens of
  // its marks are to be written.
  void expect_thinking(bool has_begun, std::vector<TokenId> shown_marks);
  // Takes a sampled token in: text out, and the end if this was it. n_ctx is the context's length.
  void accept(TokenId token, const text::Tokenizer& tokenizer, std::uint32_t n_ctx);
  void finish(FinishReason reason);
  void fail(Error error);

  // Hands waiting events to the reader; false while some had to stay (a slow reader), which pauses
  // this request and nobody else. A reader that closed its queue has gone: gone() is then true.
  bool flush();
  bool gone() const { return gone_; }
  bool ended() const { return ended_; }
  bool drained() const { return outbox_.empty(); }

  // Tokens that the model has not seen yet: a stretch of the prompt, or the one just sampled.
  std::uint32_t n_pending() const {
    return static_cast<std::uint32_t>(tokens.size()) - sequence.length();
  }
  bool is_decoding() const { return tokens.size() > n_prompt; }

  const Request request;
  std::vector<TokenId> tokens;  // the prompt and all that was generated
  const std::uint32_t n_prompt;
  std::uint32_t n_reused = 0;
  model::Sequence sequence;
  sample::Sampler sampler;

  // Where this request's rows stand in the step being computed.
  std::uint32_t step_rows = 0;
  std::uint32_t step_logits = kNoLogits;
  static constexpr std::uint32_t kNoLogits = 0xFFFFFFFF;

 private:
  void send(decltype(Event::what) what);
  void send_text(std::string text, TokenId token);

  std::shared_ptr<EventQueue> events_;
  std::vector<Event> outbox_;
  text::StreamDecoder decoder_;
  StopStrings stops_;
  std::uint32_t n_generated_ = 0;
  bool starts_thinking_ = false;
  bool ended_ = false, gone_ = false;
  Clock::time_point submitted_ = Clock::now(), first_token_{};
};

}  // namespace hearth::engine
