// SPDX-License-Identifier: Apache-2.0
#include "answer.h"

#include <fmt/format.h>

#include <chrono>

#include "process.h"
#include "progress.h"

namespace hearth::app {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(50);
constexpr std::size_t kEvents = 256;

// The next event, while watching Ctrl-C and the reader.
Result<engine::Event> next_event(engine::EventQueue& events) {
  while (true) {
    if (interrupted()) return fail(ErrorCode::cancelled, "interrupted");
    if (stdout_is_gone()) leave_quietly();
    if (auto event = events.pop_for(kPoll)) return std::move(*event);
  }
}

}  // namespace

Result<engine::LoadedEvent> wait_until_loaded(engine::Engine& engine,
                                              engine::EventQueue& load_events) {
  ProgressBar bar("loading");
  while (true) {
    auto event = next_event(load_events);
    if (!event) {
      engine.cancel(0);
      return std::unexpected(event.error());
    }
    if (const auto* progress = std::get_if<engine::LoadProgressEvent>(&event->what))
      bar.show(progress->done_bytes, progress->total_bytes);
    if (auto* failed = std::get_if<engine::FailedEvent>(&event->what))
      return std::unexpected(std::move(failed->error));
    if (auto* loaded = std::get_if<engine::LoadedEvent>(&event->what)) return std::move(*loaded);
  }
}

Result<Answer> print_answer(engine::Engine& engine, engine::Request request) {
  const engine::RequestId id = request.id;
  auto events = std::make_shared<engine::EventQueue>(kEvents);
  engine.submit(std::move(request), events);
  Answer answer;
  while (true) {
    auto event = next_event(*events);
    if (!event) {
      engine.cancel(id);
      events->close();
      return std::unexpected(event.error());
    }
    if (const auto* text = std::get_if<engine::TextEvent>(&event->what)) {
      answer.text += text->text;
      TRY(write_stdout(text->text));
    } else if (auto* failed = std::get_if<engine::FailedEvent>(&event->what)) {
      return std::unexpected(std::move(failed->error));
    } else if (const auto* finished = std::get_if<engine::FinishedEvent>(&event->what)) {
      answer.finished = *finished;
      return answer;
    }
  }
}

void print_speed(const engine::FinishedEvent& finished) {
  const auto rate = [](double n, double seconds) { return seconds > 0 ? n / seconds : 0.0; };
  // The first token comes out of the prompt's last step, so the time after it makes n - 1 tokens.
  const double n_after_first = finished.n_generated > 0 ? finished.n_generated - 1.0 : 0.0;
  fmt::print(stderr, "prompt: {} tokens, {:.1f} tokens/s, first token after {:.2f} s\n",
             finished.n_prompt, rate(finished.n_prompt, finished.prompt_seconds),
             finished.first_token_seconds);
  fmt::print(stderr, "generation: {} tokens, {:.1f} tokens/s ({})\n", finished.n_generated,
             rate(n_after_first, finished.generation_seconds), engine::name_of(finished.reason));
}

}  // namespace hearth::app
