// SPDX-License-Identifier: Apache-2.0
#include "chat.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "answer.h"
#include "base/json.h"
#include "base/utf8.h"
#include "process.h"

namespace hearth::app {
namespace {

constexpr std::string_view kHelp =
    "  /bye              leave (so does Ctrl-D)\n"
    "  /clear            forget the conversation\n"
    "  /system TEXT      set the system message and start anew\n"
    "  \"\"\"               begins and ends a message of several lines\n"
    "  Ctrl-C            stops the answer\n";

// A line of the terminal without its newline; nothing at the end of input, an empty line after
// Ctrl-C.
std::optional<std::string> read_line(const char* prompt) {
  fmt::print(stderr, "{}", prompt);
  std::fflush(stderr);
  std::string line;
  char c = 0;
  while (true) {
    const ssize_t n = ::read(STDIN_FILENO, &c, 1);
    if (n < 0 && errno == EINTR) {
      clear_interrupted();
      fmt::print(stderr, "\n(/bye leaves)\n");
      return std::string();
    }
    if (n <= 0) return line.empty() ? std::nullopt : std::optional(line);
    if (c == '\n') return line;
    line += c;
  }
}

std::optional<std::string> read_message() {
  constexpr std::string_view kFence = "\"\"\"";
  auto line = read_line(">>> ");
  if (!line || !line->starts_with(kFence)) return line;
  std::string message = line->substr(kFence.size());
  while (!message.ends_with(kFence)) {
    auto more = read_line("... ");
    if (!more) return more;
    message += "\n" + *more;
  }
  return message.substr(0, message.size() - kFence.size());
}

Json fresh_conversation(const std::string& system) {
  Json messages = Json::array();
  if (!system.empty()) messages.push_back(chat_message("system", system));
  return messages;
}

}  // namespace

Json chat_message(const char* role, const std::string& content) {
  Json message;
  message["role"] = role;
  message["content"] = to_valid_utf8(content);
  return message;
}

std::string chat_variables(const Json& messages, const Json& more) {
  Json variables;
  variables["messages"] = messages;
  variables["add_generation_prompt"] = true;
  for (const auto& [name, value] : more.items()) variables[name] = value;
  return to_json_text(variables);
}

Result<int> run_chat(engine::Engine& engine, const ChatOptions& options) {
  std::string system = options.system;
  Json messages = fresh_conversation(system);
  engine::RequestId next_id = options.request.id;
  fmt::print(stderr, "Type a message; /help lists the commands.\n");
  while (auto message = read_message()) {
    if (message->empty()) continue;
    if (*message == "/bye" || *message == "/exit" || *message == "/quit") break;
    if (*message == "/help" || *message == "/?") {
      fmt::print(stderr, "{}", kHelp);
      continue;
    }
    if (*message == "/clear" || message->starts_with("/system ")) {
      if (*message != "/clear") system = message->substr(8);
      messages = fresh_conversation(system);
      continue;
    }
    if (message->starts_with("/") && message->find(' ') == std::string::npos) {
      fmt::print(stderr, "unknown command {}; /help lists them\n", *message);
      continue;
    }
    messages.push_back(chat_message("user", *message));
    engine::Request request = options.request;
    request.id = next_id++;
    request.prompt = engine::ChatPrompt{chat_variables(messages, options.variables)};
    auto answer = print_answer(engine, std::move(request));
    TRY(write_stdout("\n"));
    if (!answer) {
      clear_interrupted();
      if (answer.error().code != ErrorCode::cancelled)
        fmt::print(stderr, "hearth: {}\n", answer.error().message);
      messages.erase(messages.size() - 1);
      continue;
    }
    messages.push_back(chat_message("assistant", answer->text));
    if (answer->finished.reason == engine::FinishReason::context_full)
      fmt::print(stderr, "(the context is full: /clear starts anew, -c makes it longer)\n");
    if (options.verbose) print_speed(answer->finished);
  }
  return 0;
}

}  // namespace hearth::app
