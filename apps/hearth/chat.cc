// SPDX-License-Identifier: Apache-2.0
#include "chat.h"

#include <fmt/format.h>

#include <utility>

#include "answer.h"
#include "base/escape.h"
#include "chat_commands.h"
#include "chat_input.h"
#include "chat_parameters.h"
#include "chat_session.h"
#include "process.h"
#include "state_folder.h"
#include "worker/translate.h"

namespace hearth::app {
namespace {

using Kind = ChatCommand::Kind;

std::string for_terminal(std::string_view text) {
  TerminalFilter filter;
  return filter.push(text) + filter.finish();
}

template <class... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  fmt::print(stderr, "{}\n", fmt::format(format, std::forward<Args>(args)...));
}

std::string history_path() {
  const auto folder = state_folder();
  return folder ? *folder + "/history" : "";
}

class Chat {
 public:
  Chat(server::ModelWorker& worker, const ChatOptions& options)
      : worker_(worker),
        options_(options),
        view_(options.view),
        verbose_(options.verbose),
        variables_(options.variables),
        parameters_(options.sampling, options.defaults, options.request),
        input_(make_line_reader(), history_path(), options.keeps_history) {
    session_.model = options.model;
    session_.system = options.system;
  }

  Result<int> run();

 private:
  // False to leave.
  Result<bool> obey(const ChatCommand& command);
  Result<void> ask();
  void say_why_not(const Answer& answer);
  void say_what_is_left(const wire::Finished& finished);
  Result<void> retry();
  void clear();
  void set(const std::string& name);
  void set_thinking(const std::string& value_json);
  void show(const std::string& name) const;
  void show_info() const;
  Result<void> save(const std::string& name) const;
  Result<void> load(const std::string& name);

  server::ModelWorker& worker_;
  const ChatOptions& options_;
  ViewOptions view_;
  bool verbose_;
  Json variables_;
  ChatParameters parameters_;
  ChatInput input_;
  ChatSession session_;
  std::string last_message_;  // what /retry asks after /clear
  std::uint32_t n_used_ = 0;  // tokens of the context that the conversation takes
};

Result<int> Chat::run() {
  survive_interrupts();
  say("{}, a context of {} tokens. Type a message; /help lists the commands.",
      printable(options_.loaded.name, 80), options_.loaded.n_ctx);
  while (true) {
    const TypedLine line = input_.read();
    if (line.end == TypedLine::End::end) {
      if (!stdout_is_gone()) fmt::print(stderr, "\n");
      return 0;
    }
    if (line.end == TypedLine::End::interrupted) {
      if (line.text.empty()) say("(Ctrl-D or /bye leaves)");
      continue;
    }
    auto command = parse_chat_text(line.text);
    auto goes_on = command ? obey(*command) : std::unexpected(std::move(command.error()));
    if (!goes_on)
      say("{}", goes_on.error().message);
    else if (!*goes_on)
      return 0;
  }
}

Result<bool> Chat::obey(const ChatCommand& command) {
  switch (command.kind) {
    case Kind::nothing:
      break;
    case Kind::message:
      if (command.value.empty()) break;
      if (session_.is_open()) session_.turns.pop_back();  // nobody could answer it
      session_.turns.push_back({ChatTurn::Role::user, command.value});
      TRY(ask());
      break;
    case Kind::help:
      fmt::print(stderr, "{}", chat_help());
      break;
    case Kind::bye:
      return false;
    case Kind::clear:
      clear();
      break;
    case Kind::retry:
      TRY(retry());
      break;
    case Kind::system:
      session_.system = command.value;
      say("(the system message is {})", command.value.empty() ? "the model's own" : "set");
      break;
    case Kind::parameter:
      TRY(parameters_.set(command.name, command.value));
      say("({} is {})", printable(command.name, 60), printable(command.value, 60));
      break;
    case Kind::set:
      set(command.name);
      break;
    case Kind::show:
      show(command.name);
      break;
    case Kind::save:
      TRY(save(command.value));
      break;
    case Kind::load:
      TRY(load(command.value));
      break;
  }
  return true;
}

// Answers the last message, which is the user's.
Result<void> Chat::ask() {
  last_message_ = session_.turns.back().content;
  engine::Request request = parameters_.request();
  request.prompt = engine::ChatPrompt{chat_variables(to_messages(session_), variables_)};
  const Answer answer =
      print_answer(worker_, worker::to_submit(request), view_, options_.loaded.thinking);
  if (!answer.ends_line) TRY(write_stdout("\n"));
  // What was said before Ctrl-C or an error is part of the conversation too.
  if (!answer.text.empty() || answer.finished)
    session_.turns.push_back({ChatTurn::Role::assistant, answer.text});
  if (!answer.finished) {
    say_why_not(answer);
    return {};
  }
  say_what_is_left(*answer.finished);
  if (verbose_) print_speed(answer, options_.load_seconds);
  return {};
}

void Chat::say_why_not(const Answer& answer) {
  if (answer.failure.code == ErrorCode::cancelled) {
    clear_interrupted();
    say("(stopped; /retry asks again)");
    return;
  }
  say("hearth: {}", printable(answer.failure.message, 400));
  if (answer.failure.code == ErrorCode::does_not_fit)
    say("(Nothing was cut away and nothing is lost. /save NAME keeps the conversation; /clear "
        "starts anew, /retry then asks this again; or start with a larger -c and /load NAME.)");
}

void Chat::say_what_is_left(const wire::Finished& finished) {
  const std::uint32_t n_ctx = options_.loaded.n_ctx;
  n_used_ = finished.n_prompt + finished.n_generated;
  if (finished.reason == wire::FinishReason::context_full)
    say("(The context of {} tokens is full: the answer stops here. /save NAME keeps the "
        "conversation, /clear starts anew, -c makes the context larger.)",
        n_ctx);
  else if (n_used_ > n_ctx - n_ctx / 4)
    say("(The conversation takes {} of {} tokens: about {} are left. /clear starts anew.)", n_used_,
        n_ctx, n_ctx > n_used_ ? n_ctx - n_used_ : 0);
}

Result<void> Chat::retry() {
  if (!session_.turns.empty() && !session_.is_open()) session_.turns.pop_back();
  if (!session_.is_open()) {
    if (last_message_.empty()) return fail(ErrorCode::usage, "there is no message to ask again");
    session_.turns.push_back({ChatTurn::Role::user, last_message_});
  }
  return ask();
}

void Chat::clear() {
  session_.turns.clear();
  n_used_ = 0;
  say("(the conversation is forgotten)");
}

void Chat::set(const std::string& name) {
  if (name == "verbose" || name == "quiet") verbose_ = name == "verbose";
  if (name == "history" || name == "nohistory") input_.keep_history(name == "history");
  if (name == "markdown" || name == "nomarkdown") view_.markdown = name == "markdown";
  if (name == "hidethinking" || name == "showthinking") view_.hide_thinking = name[0] == 'h';
  if (name == "think") return set_thinking(options_.loaded.thinking.on_json);
  if (name == "nothink") return set_thinking(options_.loaded.thinking.off_json);
  say("({})", name);
}

void Chat::set_thinking(const std::string& value_json) {
  const auto value = parse_json(value_json);
  const std::string& variable = options_.loaded.thinking.switch_name;
  if (variable.empty() || !value) {
    say("(this model's template cannot switch that)");
    return;
  }
  variables_.erase(variable);
  if (!value->is_null()) variables_[variable] = *value;
  const std::string shown = printable(variable, 60);
  say("({})", value->is_null() ? "without " + shown : shown + " is " + value_json);
}

void Chat::show(const std::string& name) const {
  if (name == "info") return show_info();
  std::string text;
  if (name == "parameters") text = parameters_.to_text();
  if (name == "system") text = session_.system;
  if (name == "template") text = options_.loaded.chat_template;
  if (text.empty()) text = name == "system" ? "(the model's own)" : "(none)";
  fmt::print(stderr, "{}{}", for_terminal(text), text.ends_with('\n') ? "" : "\n");
}

void Chat::show_info() const {
  const wire::Loaded& model = options_.loaded;
  const auto line = [](std::string_view label, const std::string& value) {
    fmt::print(stderr, "  {:<14}{}\n", label, printable(value, 200));
  };
  line("model", options_.model);
  line("name", model.name);
  line("architecture", model.architecture);
  line("context", fmt::format("{} tokens, {} in use", model.n_ctx, n_used_));
  line("messages", fmt::format("{}", session_.turns.size()));
  if (!model.thinking.open_mark.empty())
    line("thinking", model.thinking.open_mark + " ... " + model.thinking.close_mark);
  fmt::print(stderr, "  (hearth show {} tells more)\n", printable(options_.model, 200));
}

Result<void> Chat::save(const std::string& name) const {
  const std::string path = TRY(session_path(name));
  ChatSession session = session_;
  session.parameters = parameters_.set_here();
  TRY(save_session(session, path));
  say("(saved to {})", printable(path, 300));
  return {};
}

Result<void> Chat::load(const std::string& name) {
  ChatSession session = TRY(load_session(TRY(session_path(name))));
  TRY(parameters_.replace(session.parameters));
  const bool is_other = session.model != options_.model;
  session_ = std::move(session);
  n_used_ = 0;
  say("({} messages{})", session_.turns.size(),
      is_other ? ", of a chat with " + printable(session_.model, 80) : "");
  session_.model = options_.model;
  last_message_.clear();
  for (const ChatTurn& turn : session_.turns)
    if (turn.role == ChatTurn::Role::user) last_message_ = turn.content;
  return {};
}

}  // namespace

std::string chat_variables(const Json& messages, const Json& more) {
  Json variables;
  variables["messages"] = messages;
  variables["add_generation_prompt"] = true;
  for (const auto& [name, value] : more.items()) variables[name] = value;
  return to_json_text(variables);
}

Result<int> run_chat(server::ModelWorker& worker, const ChatOptions& options) {
  return Chat(worker, options).run();
}

}  // namespace hearth::app
