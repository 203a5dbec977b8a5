// SPDX-License-Identifier: Apache-2.0
//
// Has a worker answer, and hands what it says to whoever writes it down: as one
// body, or as the chunks of a stream. The coroutine runs on the connection's
// I/O thread; a client that hangs up cancels all of its answers.
#pragma once

#include <expected>
#include <functional>
#include <vector>

#include "server/http/writer.h"
#include "server/models.h"
#include "server/openai/answer_json.h"
#include "server/openai/generation_fields.h"

namespace hearth::server {

// Events of answer `index`, in order.
using OnEvent = std::function<void(std::size_t index, const wire::ToFront& event)>;

// Called once, before the first event, or when a moment's patience is over: what fails at once can
// still be told by a status. May be empty.
using OnSettled = std::function<void()>;

// Submits all of them and waits for their ends. An error: of the first that failed, whereupon the
// others are cancelled; of kind cancelled when the client is gone.
//
// g++ 12 destroys braced temporaries of an operand of co_await twice: arguments of these are named
// by their callers first.
Task<std::expected<void, ApiError>> run_answers(ResponseWriter& writer, ServedModel& model,
                                                std::vector<wire::Submit> submits, OnEvent on_event,
                                                OnSettled on_settled = nullptr);

// The same as a stream of events: on_event writes the chunks and on_end what comes behind the last
// of them. A failure is told by a status as long as nothing has been written, then by an event.
Task<void> stream_answers(ResponseWriter& writer, ServedModel& model,
                          std::vector<wire::Submit> submits, OnEvent on_event,
                          std::function<void()> on_end, std::chrono::milliseconds ping_interval);

// n copies of a request, which differ in their seeds.
std::vector<wire::Submit> copies_of(const GenerationRequest& request, const wire::Prompt& prompt);

// Adds what an event brings to the answer.
void collect(Choice& choice, const wire::ToFront& event);

// Waits for the only event of a request that is answered at once (Tokenize,
// Detokenize...).
template <class Answer, class Message>
Task<std::expected<Answer, ApiError>> ask_worker(ResponseWriter& writer, ModelWorker& worker,
                                                 Message message) {
  const auto stream = worker.begin(std::move(message));
  if (!stream) co_return std::unexpected(api_error_of(stream.error()));
  (*stream)->on_news(writer.waker());
  while (!writer.is_gone()) {
    for (wire::ToFront& event : (*stream)->take()) {
      if (auto* answer = std::get_if<Answer>(&event)) co_return std::move(*answer);
      if (const auto* failed = std::get_if<wire::Failed>(&event))
        co_return std::unexpected(api_error_of(*failed));
    }
    co_await writer.wait(std::chrono::seconds(60));
  }
  co_return std::unexpected(ApiError{ApiErrorKind::cancelled, "the client is gone", "", {}});
}

}  // namespace hearth::server
