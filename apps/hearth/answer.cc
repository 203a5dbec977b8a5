// SPDX-License-Identifier: Apache-2.0
#include "answer.h"

#include <fmt/format.h>

#include <chrono>

#include "process.h"
#include "progress.h"

namespace hearth::app {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(50);

std::string_view text_of(wire::FinishReason reason) {
  switch (reason) {
    case wire::FinishReason::end_of_generation:
      return "end";
    case wire::FinishReason::stop_text:
      return "stop";
    case wire::FinishReason::max_tokens:
      return "length";
    case wire::FinishReason::context_full:
      return "context_full";
  }
  return "";
}

// Whoever waits watches Ctrl-C and the reader.
Result<void> watch() {
  if (interrupted()) return fail(ErrorCode::cancelled, "interrupted");
  if (stdout_is_gone()) leave_quietly();
  return {};
}

// Writes an answer to standard output as its view wants it. While reasoning goes on unseen, says so
// on a terminal.
class AnswerPrinter {
 public:
  AnswerPrinter(const ViewOptions& options, const wire::ThinkingFacts& thinking)
      : options_(options), marks_(marks_of(thinking)), view_(options, marks_, false) {}
  ~AnswerPrinter() { show_notice(false); }
  AnswerPrinter(const AnswerPrinter&) = delete;
  AnswerPrinter& operator=(const AnswerPrinter&) = delete;

  void start(bool is_thinking) {
    view_ = AnswerView(options_, marks_, is_thinking);
    show_notice(view_.is_hiding());
  }
  Result<void> print(std::string_view text) { return write(view_.push(text)); }
  Result<void> finish() { return write(view_.finish()); }
  bool ends_line() const { return ends_line_; }

 private:
  static std::optional<text::ReasoningMarks> marks_of(const wire::ThinkingFacts& thinking) {
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

Result<void> take_event(const wire::ToFront& event, Answer& answer, AnswerPrinter& printer) {
  if (const auto* failed = std::get_if<wire::Failed>(&event))
    return std::unexpected(Error{failed->code, failed->message});
  if (const auto* started = std::get_if<wire::Started>(&event)) {
    answer.started = *started;
    printer.start(started->is_thinking);
  } else if (const auto* text = std::get_if<wire::Text>(&event)) {
    answer.text += text->text;
    return printer.print(text->text);
  } else if (const auto* finished = std::get_if<wire::Finished>(&event)) {
    answer.finished = *finished;
  }
  return {};
}

Result<void> take_answer(server::ModelWorker& worker, wire::Submit submit, Answer& answer,
                         AnswerPrinter& printer) {
  TRY(wait_until_loaded(worker));
  const auto stream = TRY(worker.begin(std::move(submit)));
  while (!answer.finished) {
    TRY(watch());
    for (const wire::ToFront& event : stream->take_within(kPoll))
      TRY(take_event(event, answer, printer));
  }
  return printer.finish();
}

}  // namespace

Result<wire::Loaded> wait_until_loaded(const server::ModelWorker& worker) {
  ProgressBar bar("loading");
  while (true) {
    const server::WorkerState state = worker.wait_until_settled(kPoll);
    TRY(watch());
    server::WorkerFacts facts = worker.facts();
    if (state == server::WorkerState::ready) return std::move(facts.loaded);
    if (state == server::WorkerState::failed)
      return std::unexpected(Error{facts.code, facts.reason});
    bar.show(facts.progress.done_bytes, facts.progress.total_bytes);
  }
}

Answer print_answer(server::ModelWorker& worker, wire::Submit submit, const ViewOptions& view,
                    const wire::ThinkingFacts& thinking) {
  Answer answer;
  AnswerPrinter printer(view, thinking);
  if (const auto taken = take_answer(worker, std::move(submit), answer, printer); !taken) {
    static_cast<void>(printer.finish());
    answer.failure = taken.error();
    answer.finished.reset();
  }
  answer.ends_line = printer.ends_line();
  return answer;
}

void print_speed(const Answer& answer, double load_seconds) {
  if (!answer.finished) return;
  const wire::Finished& finished = *answer.finished;
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
             rate(n_after_first, finished.generation_seconds), text_of(finished.reason));
}

}  // namespace hearth::app
