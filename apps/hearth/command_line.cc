// SPDX-License-Identifier: Apache-2.0
#include "command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <utility>

#include "args.h"
#include "base/escape.h"
#include "flags.h"
#include "process.h"

namespace hearth::app {
namespace {

bool is_help_word(const std::string& word) {
  return word == "help" || word == "--help" || word == "-h";
}

// Whether a command's arguments hold --help or -h before any "--".
bool asks_for_help(const std::vector<std::string>& args) {
  const auto end = std::find(args.begin(), args.end(), "--");
  return std::any_of(args.begin(), end,
                     [](const std::string& arg) { return arg == "--help" || arg == "-h"; });
}

std::vector<std::string> command_names() {
  std::vector<std::string> names{"help"};
  for (const Command& command : commands()) names.emplace_back(command.name);
  return names;
}

Error unknown(std::string_view what, const std::string& word, const std::vector<std::string>& known,
              std::string_view help) {
  const std::string guess = nearest(word, known);
  const std::string advice =
      guess.empty() ? fmt::format("see '{}'", help) : fmt::format("did you mean '{}'?", guess);
  return {ErrorCode::usage, fmt::format("unknown {} '{}'; {}", what, printable(word, 60), advice)};
}

Error unknown_command(const std::string& word) {
  return unknown("command", word, command_names(), "hearth help");
}

std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    for (const std::string& name : option->get_snames()) flags.push_back("-" + name);
  }
  return flags;
}

std::string overview() {
  std::string text =
      "hearth: local LLM inference for Linux\n\nUsage: hearth COMMAND [OPTIONS]\n\nCommands:\n";
  for (const Command& command : commands())
    text += fmt::format("  {:<12}{}\n", command.name, command.summary);
  text += fmt::format("  {:<12}this text, or 'hearth help COMMAND' for one command\n\n", "help");
  return text +
         "A MODEL is a name from 'hearth list' or the path of a GGUF file.\n"
         "Exit status: 0 done, 1 failed, 2 usage, 3 not found, 4 malformed or unsupported file,\n"
         "5 does not fit in memory or context, 130 interrupted.\n";
}

// The flag and the word given in CLI11's "Could not convert: --flag = word".
std::optional<std::pair<std::string, std::string>> split_conversion_error(
    const std::string& message) {
  constexpr std::string_view kStart = "Could not convert: ", kBetween = " = ";
  const std::size_t between = message.find(kBetween);
  if (!message.starts_with(kStart) || between == std::string::npos) return std::nullopt;
  return std::pair(message.substr(kStart.size(), between - kStart.size()),
                   message.substr(between + kBetween.size()));
}

Action printing(std::string text) {
  return [text = std::move(text)]() -> Result<int> {
    TRY(write_stdout(text));
    return 0;
  };
}

}  // namespace

CommandLine::CommandLine()
    : app_(std::make_unique<CLI::App>("Local LLM inference for Linux", "hearth")) {
  app_->set_help_flag();
  app_->set_version_flag();
  for (const Command& command : commands()) {
    Flags flags(*app_->add_subcommand(std::string(command.name), std::string(command.summary)));
    actions_.push_back(command.declare(flags));
  }
}

CommandLine::~CommandLine() = default;

Result<Action> CommandLine::parse(std::vector<std::string> args) {
  if (args.empty()) return printing(overview());
  if (is_help_word(args[0])) return args.size() < 2 ? printing(overview()) : help_on(args[1]);
  if (asks_for_help(args)) return help_on(args[0]);
  if (args[0] == "--version" || args[0] == "-V") args[0] = "version";
  try {
    std::vector<std::string> from_the_back(args.rbegin(), args.rend());  // as CLI11 takes them
    app_->parse(from_the_back);
  } catch (const CLI::ParseError& error) {
    return std::unexpected(explain(error, args));
  }
  for (std::size_t i = 0; i < actions_.size(); ++i)
    if (app_->got_subcommand(std::string(commands()[i].name))) return actions_[i];
  return fail(ErrorCode::usage, "no command given; try 'hearth help'");
}

const CLI::App* CommandLine::find_command(const std::string& name) const {
  const CLI::App& app = *app_;
  for (const CLI::App* command : app.get_subcommands({}))
    if (command->get_name() == name) return command;
  return nullptr;
}

Result<Action> CommandLine::help_on(const std::string& name) const {
  const CLI::App* command = find_command(name);
  if (command == nullptr) return std::unexpected(unknown_command(name));
  return printing(command->help("hearth"));
}

Error CommandLine::explain(const CLI::ParseError& error,
                           const std::vector<std::string>& args) const {
  const CLI::App* command = find_command(args[0]);
  if (command == nullptr) {
    if (args[0].starts_with("-"))
      return unknown("flag", args[0], {"--help", "--version"}, "hearth help");
    return unknown_command(args[0]);
  }
  const std::string help = fmt::format("hearth help {}", args[0]);
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) {
    // The words that CLI11 could not place stand behind the last colon of its message.
    const std::string message = error.what();
    const std::string word = message.substr(message.rfind(": ") + 2);
    const std::string first = word.substr(0, word.find(' '));
    if (first.starts_with("-") && first.size() > 1)
      return unknown("flag", first.substr(0, first.find('=')), flags_of(*command), help);
    return {ErrorCode::usage,
            fmt::format("unexpected argument '{}'; see '{}'", printable(first, 60), help)};
  }
  const std::string message = error.what();
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ConversionError))
    if (const auto parts = split_conversion_error(message))
      return {ErrorCode::usage, fmt::format("{}: '{}' is not a number in range; see '{}'",
                                            parts->first, printable(parts->second, 60), help)};
  return {ErrorCode::usage, fmt::format("{}; see '{}'", printable(message, 200), help)};
}

}  // namespace hearth::app
