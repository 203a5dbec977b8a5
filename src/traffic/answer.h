// SPDX-License-Identifier: Apache-2.0
//
// One streamed answer of an OpenAI server, as its client sees it: which events brought text, and
// when; what the server says that it read and wrote; how it ended. Understands the chunks of
// /v1/completions and of /v1/chat/completions (facts: openai-python's types completion and
// chat_completion_chunk; vLLM and llama.cpp for reasoning_content, Ollama for reasoning).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "traffic/sse.h"

namespace hearth::traffic {

struct Answer {
  std::vector<double> text_at;  // seconds after sending, for each event that brought text
  double end_at = 0;            // of the last event, or of the failure
  std::uint32_t n_prompt = 0, n_cached = 0, n_output = 0;  // tokens, by the server's usage
  bool has_usage = false;
  std::string error;   // a short name: "HTTP 429", "broken stream"; empty: it came to its end
  std::string reason;  // in the server's or the system's words

  bool is_complete() const { return error.empty(); }
};

// Times are seconds after sending. One thread.
class AnswerReader {
 public:
  void take_bytes(int status, std::string_view bytes, double at);
  // failure: why the transfer itself failed, empty if the response came to its end. status is 0
  // where there was none.
  Answer finish(int status, std::string_view failure, double at);
  // Nobody waits any longer: the answer is a failure named "timeout".
  void give_up(std::string reason) { fail("timeout", std::move(reason)); }
  // When the last event came, with or without text; comments do not count.
  double last_event_at() const { return last_event_at_; }

 private:
  void take_event(std::string_view data, double at);
  void fail(std::string error, std::string reason);

  EventReader events_;
  Answer answer_;
  std::string error_body_;  // of a response that is no stream
  double last_event_at_ = 0;
  bool has_end_ = false;  // a reason to finish, or [DONE]
};

}  // namespace hearth::traffic
