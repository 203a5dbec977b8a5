// SPDX-License-Identifier: Apache-2.0
#include "command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "base/escape.h"
#include "help.h"
#include "nearest.h"
#include "parse_flags.h"
#include "process.h"

namespace hearth::app {
namespace {

// How much help a word asks for; nothing if it asks for none.
std::optional<HelpSize> help_word(const std::string& word) {
  if (word == "--help-all") return HelpSize::whole;
  if (word == "help" || word == "--help" || word == "-h" || word == "--usage")
    return HelpSize::usual;
  return std::nullopt;
}

// The same of a command's words before any "--", where "help" alone is only a word.
std::optional<HelpSize> asked_help(std::span<const std::string> words) {
  for (const std::string& word : words) {
    if (word == "--") break;
    if (word.starts_with("-"))
      if (const auto size = help_word(word)) return size;
  }
  return std::nullopt;
}

// What people who know Ollama or llama.cpp ask for.
struct OtherCommand {
  std::string_view name, advice;
};
constexpr OtherCommand kOtherCommands[] = {
    {"bench", "not here yet"},
    {"chat", "'hearth run MODEL' without a prompt is a chat"},
    {"cli", "use 'hearth run MODEL'"},
    {"create", "use 'hearth import FILE --name NAME'"},
    {"download", "use 'hearth pull MODEL'"},
    {"get", "use 'hearth pull MODEL'"},
    {"ps", "a model is in memory as long as the command that runs or serves it"},
    {"push", "not here"},
    {"quantize", "not here yet"},
    {"server", "use 'hearth serve MODEL'"},
    {"stop", "end the command that serves the model, with Ctrl-C or SIGTERM"},
};

Error unknown_command(const std::string& word) {
  for (const OtherCommand& other : kOtherCommands)
    if (word == other.name) return {ErrorCode::usage, fmt::format("{}: {}", word, other.advice)};
  std::vector<std::string> known{"help"};
  for (const Command& command : commands()) known.emplace_back(command.name);
  if (word.starts_with("-")) known = {"--help", "--version"};
  const std::string guess = nearest(word, known);
  return {
      ErrorCode::usage,
      fmt::format("unknown {} '{}'; {}", word.starts_with("-") ? "flag" : "command",
                  printable(word, 60),
                  guess.empty() ? "see 'hearth help'" : fmt::format("did you mean '{}'?", guess))};
}

Action printing(std::string text) {
  return [text = std::move(text)]() -> Result<int> {
    TRY(write_stdout(text));
    return 0;
  };
}

Result<Action> help_on(const std::string& name, HelpSize size) {
  const Command* command = find_command(name);
  if (command == nullptr) return std::unexpected(unknown_command(name));
  return printing(help_text(*command, size));
}

}  // namespace

Result<Action> parse_command_line(std::vector<std::string> words) {
  if (words.empty()) return printing(overview());
  if (const auto size = help_word(words[0])) {
    const auto name = std::find_if(words.begin() + 1, words.end(),
                                   [](const std::string& word) { return !word.starts_with("-"); });
    if (name == words.end()) return printing(overview());
    return help_on(*name, asked_help(words).value_or(*size));
  }
  if (words[0] == "--version" || words[0] == "-V") words[0] = "version";
  const std::span<const std::string> flag_words = std::span(words).subspan(1);
  if (const auto size = asked_help(flag_words)) return help_on(words[0], *size);
  const Command* command = find_command(words[0]);
  if (command == nullptr) return std::unexpected(unknown_command(words[0]));

  Declarations declarations;
  Flags flags(declarations);
  Action action = command->declare(flags);
  const auto notes = parse_flags(declarations, flag_words);
  if (!notes)
    return fail(notes.error().code, "{} (see 'hearth help {}')", notes.error().message,
                command->name);
  for (const std::string& note : *notes) fmt::print(stderr, "{}\n", note);
  return action;
}

}  // namespace hearth::app
