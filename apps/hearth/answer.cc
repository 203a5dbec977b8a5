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

// Writes an answer to standard output as its view wants it. While reasoning goes on unseen, says so
// on a terminal.
class AnswerPrinter {
 public:
  AnswerPrinter(const ViewOptions& options, const engine::ThinkingFacts& thinking)
      : options_(options), marks_(marks_of(thinking)), view_(options, marks_, false) {}
  ~AnswerPrinter() { show_notice(false); }
  AnswerPrinter(const AnswerPrinter&) = delete;
  AnswerPrinter& operator=(const AnswerPrinter&) = delete;

  void start(bool is_thinking) { view_ = AnswerView(options_, marks_, is_thinking); }
  Result<void> print(std::string_view text) { return write(view_.push(text)); }
  Result<void> finish() { return write(view_.finish()); }
  bool ends_line() const { return ends_line_; }

 private:
  static std::optional<text::ReasoningMarks> marks_of(const engine::ThinkingFacts& thinking) {
    if (thinking.open_mark.empty()) return std::nullopt;
    return text::ReasoningMarks{thinking.open_mark, thinking.close_mark};
  }

  Result<void> write(const std::string& text) {
    show_notice(view_.is_hiding() && text.empty());
    if (text.empty()) return {};
    ends_line_ = text.ends_with('\n');
    return write_stdout(text);
  }

  void show_notice(bool wanted) {
    if (wanted == has_notice_ || !stderr_is_terminal()) return;
    has_notice_ = wanted;
    fmt::print(stderr, "{}", wanted ? "(thinking)" : "\r          \r");
  }

  ViewOptions options_;
  std::optional<text::ReasoningMarks> marks_;
  AnswerView view_;
  bool ends_line_ = true, has_notice_ = false;
};

Result<void> take_event(Result<engine::Event> event, Answer& answer, AnswerPrinter& printer) {
  if (!event) return std::unexpected(std::move(event.error()));
  if (auto* failed = std::get_if<engine::FailedEvent>(&event->what))
    return std::unexpected(std::move(failed->error));
  if (const auto* started = std::get_if<engine::StartedEvent>(&event->what)) {
    answer.started = *started;
    printer.start(started->is_thinking);
  } else if (const auto* text = std::get_if<engine::TextEvent>(&event->what)) {
    answer.text += text->text;
    return printer.print(text->text);
  } else if (const auto* finished = std::get_if<engine::FinishedEvent>(&event->what)) {
    answer.finished = *finished;
  }
  return {};
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

Answer print_answer(engine::Engine& engine, engine::Request request, const ViewOptions& view,
                    const engine::ThinkingFacts& thinking) {
  const engine::RequestId id = request.id;
  auto events = std::make_shared<engine::EventQueue>(kEvents);
  engine.submit(std::move(request), events);
  Answer answer;
  AnswerPrinter printer(view, thinking);
  while (!answer.finished) {
    const auto taken = take_event(next_event(*events), answer, printer);
    if (taken) continue;
    answer.failure = taken.error();
    engine.cancel(id);
    events->close();
    break;
  }
  if (const auto done = printer.finish(); !done && answer.finished) {
    answer.failure = done.error();
    answer.finished.reset();
  }
  answer.ends_line = printer.ends_line();
  return answer;
}

void print_speed(const Answer& answer, double load_seconds) {
  if (!answer.finished) return;
  const engine::FinishedEvent& finished = *answer.finished;
  const auto rate = [](double n, double seconds) { return seconds > 0 ? n / seconds : 0.0; };
  const std::uint32_t n_read = finished.n_prompt - answer.started.n_reused;
  // The first token comes out of the prompt's last step, so the time after it makes n - 1 tokens.
  const double n_after_first = finished.n_generated > 0 ? finished.n_generated - 1.0 : 0.0;
  fmt::print(stderr, "load: {:.2f} s\n", load_seconds);
  fmt::print(stderr, "prompt: {} tokens{}, {:.1f} tokens/s, first token after {:.2f} s\n",
             finished.n_prompt,
             answer.started.n_reused == 0 ? "" : fmt::format(" ({} of them new)", n_read),
             rate(n_read, finished.prompt_seconds), finished.first_token_seconds);
  fmt::print(stderr, "generation: {} tokens, {:.1f} tokens/s ({})\n", finished.n_generated,
             rate(n_after_first, finished.generation_seconds), engine::name_of(finished.reason));
}

}  // namespace hearth::app
