// SPDX-License-Identifier: Apache-2.0
//
// run: answer one prompt (an argument, a pipe, or both), or chat on a terminal. Standard output
// carries the answer alone.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>

#include "answer.h"
#include "base/file.h"
#include "base/json.h"
#include "chat.h"
#include "chat_session.h"
#include "command.h"
#include "compute_options.h"
#include "flags.h"
#include "model_source.h"
#include "open_to_load.h"
#include "process.h"
#include "sample/fields.h"
#include "sampling_options.h"
#include "template_options.h"
#include "unescape.h"
#include "worker/translate.h"

namespace hearth::app {
namespace {

constexpr std::size_t kMaxPrompt = std::size_t{64} << 20;

struct RunOptions {
  ModelArgument model;
  ComputeOptions compute;
  SamplingOptions sampling;
  TemplateOptions chat_template;
  std::vector<std::string> words;
  std::string prompt_flag, prompt_file, system, system_file;
  std::int32_t n_predict = -1;
  std::vector<std::string> stop;
  bool escape = false, raw = false, ignore_eos = false, verbose = false;
  bool hide_thinking = false, markdown = false, no_history = false, no_sandbox = false;
};

// With -m given, the first positional word belongs to the prompt; otherwise it names the model.
struct Split {
  std::string model, prompt;
};

Result<Split> split_words(const RunOptions& options) {
  Split split;
  std::vector<std::string> words = options.words;
  if (options.model.given()) {
    split.model = TRY(options.model.take());
  } else {
    if (words.empty()) return fail(ErrorCode::usage, "give a model: hearth run MODEL [PROMPT]");
    split.model = words.front();
    words.erase(words.begin());
  }
  split.prompt = fmt::format("{}", fmt::join(words, " "));
  if (!options.prompt_flag.empty())
    split.prompt = options.escape ? unescape(options.prompt_flag) : options.prompt_flag;
  return split;
}

// What is piped in joins the prompt. Where a prompt was given, a pipe on which nobody writes
// anything (a parent's standard input, handed down by chance) must not make us wait for ever.
Result<std::string> read_piped_input(bool have_prompt) {
  if (have_prompt) {
    constexpr int kPatienceMs = 1000;
    pollfd poller{STDIN_FILENO, POLLIN, 0};
    if (::poll(&poller, 1, kPatienceMs) <= 0) return std::string();
  }
  return read_all(STDIN_FILENO, kMaxPrompt);
}

Result<std::string> complete_prompt(const RunOptions& options, std::string prompt) {
  if (!options.prompt_file.empty()) {
    prompt += TRY(read_file(options.prompt_file, kMaxPrompt));
    if (prompt.ends_with('\n')) prompt.pop_back();
  }
  if (!stdin_is_terminal()) {
    std::string piped = TRY(read_piped_input(!prompt.empty()));
    if (!prompt.empty() && !piped.empty()) prompt += "\n\n";
    prompt += piped;
  }
  return prompt;
}

engine::Prompt make_prompt(const RunOptions& options, const Json& variables,
                           const std::string& text) {
  if (options.raw) return engine::TextPrompt{.text = text};
  const ChatSession session{.system = options.system, .turns = {{ChatTurn::Role::user, text}}};
  return engine::ChatPrompt{chat_variables(to_messages(session), variables)};
}

ViewOptions view_of(const RunOptions& options) {
  return {.on_terminal = stdout_is_terminal(),
          .colour = stdout_takes_colour(),
          .markdown = options.markdown,
          .hide_thinking = options.hide_thinking};
}

Result<int> answer_once(server::ModelWorker& worker, const engine::Request& request,
                        const RunOptions& options, const wire::Loaded& loaded,
                        double load_seconds) {
  const Answer answer =
      print_answer(worker, worker::to_submit(request), view_of(options), loaded.thinking);
  if (!answer.finished) return std::unexpected(answer.failure);
  if (!answer.ends_line) TRY(write_stdout("\n"));
  if (options.verbose) print_speed(answer, load_seconds);
  return 0;
}

Result<int> run(const RunOptions& options) {
  Split split = TRY(split_words(options));
  engine::LoadOptions load = TRY(options.compute.take());
  if (options.verbose) fmt::print(stderr, "{}\n", options.compute.describe(load));
  engine::Request request;
  TRY(options.sampling.over({}));  // a bad value is found before any model is looked for
  if (options.n_predict < -2)
    return fail(ErrorCode::usage, "-n {}: give a number of tokens, or -1 for no limit",
                options.n_predict);
  request.max_tokens = options.n_predict < 0 ? -1 : options.n_predict;
  request.ignore_end = options.ignore_eos;
  request.stop = options.stop;
  request.dry_breakers = options.sampling.dry_breakers();
  const Json variables = TRY(options.chat_template.variables());
  const TemplateArgument chosen = TRY(options.chat_template.take());
  load.chat_template = chosen.source;
  load.chat_template_name = chosen.name;
  if (stdout_is_gone()) leave_quietly();

  const bool chat = split.prompt.empty() && options.prompt_file.empty() && stdin_is_terminal();
  request.show_thinking_marks = chat || options.hide_thinking || stdout_takes_colour();
  const auto started = std::chrono::steady_clock::now();
  TRY(locate_model(split.model, options.model.offline()));  // pulls it, if need be
  server::ModelWorker worker(server::WorkerCommand{},
                             opener_of({.model = split.model,
                                        .compute = options.compute,
                                        .load = std::move(load),
                                        .is_confined = !options.no_sandbox},
                                       nullptr));
  std::string prompt;
  if (!chat) {
    prompt = TRY(complete_prompt(options, split.prompt));
    if (prompt.empty() && !options.raw)
      return fail(ErrorCode::usage, "the prompt is empty; give one: hearth run MODEL \"...\"");
  }
  const wire::Loaded loaded = TRY(wait_until_loaded(worker));
  const std::chrono::duration<double> load_time = std::chrono::steady_clock::now() - started;
  if (!loaded.notice.empty()) fmt::print(stderr, "hearth: note: {}\n", loaded.notice);
  if (options.verbose) fmt::print(stderr, "weights: {}\n", loaded.weights);
  sample::SamplingParams defaults;
  TRY(sample::apply_fields(defaults, loaded.sampling_json));
  request.sampling = TRY(options.sampling.over(defaults));
  if (chat)
    return run_chat(worker, {.model = split.model,
                             .loaded = loaded,
                             .load_seconds = load_time.count(),
                             .request = request,
                             .sampling = options.sampling,
                             .defaults = defaults,
                             .variables = variables,
                             .system = options.system,
                             .view = view_of(options),
                             .verbose = options.verbose,
                             .keeps_history = !options.no_history});
  request.prompt = make_prompt(options, variables, prompt);
  return answer_once(worker, request, options, loaded, load_time.count());
}

}  // namespace

Action declare_run(Flags& flags) {
  auto options = std::make_shared<RunOptions>();
  flags.add_words("MODEL [PROMPT...]", options->words);
  options->model.declare(flags, false);
  options->compute.declare(flags);
  options->sampling.declare(flags);
  flags.add("-p,--prompt", options->prompt_flag, "the prompt");
  flags.add("-f,--file", options->prompt_file, "a file with the prompt").value("FILE");
  flags.add("-e,--escape", options->escape, "the prompt of -p has \\n for a newline, \\t for a tab")
      .rare();
  flags.add("-sys,--system,--system-prompt", options->system, "the system message");
  flags.add("-sysf,--system-prompt-file", options->system_file, "a file with the system message")
      .value("FILE")
      .rare();
  flags
      .add("-n,--predict,--n-predict,--num-predict", options->n_predict,
           "most tokens to generate (default -1: no limit)")
      .variable("N_PREDICT");
  flags.add("-r,--reverse-prompt,--stop", options->stop,
            "a text that ends the answer; may be repeated");
  options->chat_template.declare(flags);
  flags.add("--raw,-no-cnv,--no-conversation", options->raw,
            "complete the prompt as plain text, without the chat template");
  flags.add("--ignore-eos", options->ignore_eos,
            "never end the answer: forbid end-of-generation tokens");
  flags.add("-v,--verbose", options->verbose,
            "print times and tokens/s on standard error after each answer");
  flags.add("--hide-thinking,--hidethinking", options->hide_thinking,
            "leave the model's reasoning out");
  flags.add("--markdown", options->markdown, "style the markdown of answers on a terminal");
  flags.add("--no-sandbox", options->no_sandbox, "let the model's process do what this one may")
      .variable("NO_SANDBOX")
      .rare();
  flags.add("--no-history", options->no_history, "chat: do not keep the lines that are typed");
  return [options]() -> Result<int> {
    if (!options->system_file.empty())
      options->system = TRY(read_file(options->system_file, kMaxPrompt));
    return run(*options);
  };
}

}  // namespace hearth::app
