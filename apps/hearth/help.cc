// SPDX-License-Identifier: Apache-2.0
#include "help.h"

#include <fmt/format.h>

#include <algorithm>

#include "args.h"
#include "base/escape.h"
#include "command.h"

namespace hearth::app {
namespace {

const CLI::App* find_command(const CLI::App& app, const std::string& name) {
  for (const CLI::App* sub : app.get_subcommands({}))
    if (sub->get_name() == name) return sub;
  return nullptr;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names{"help"};
  for (const Command& command : commands()) names.emplace_back(command.name);
  return names;
}

std::string unknown(std::string_view what, const std::string& word,
                    const std::vector<std::string>& known, std::string_view help) {
  const std::string guess = nearest(word, known);
  if (guess.empty())
    return fmt::format("unknown {} '{}'; see '{}'", what, printable(word, 60), help);
  return fmt::format("unknown {} '{}'; did you mean '{}'?", what, printable(word, 60), guess);
}

std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    for (const std::string& name : option->get_snames()) flags.push_back("-" + name);
  }
  return flags;
}

}  // namespace

bool is_help_word(const std::string& word) {
  return word == "help" || word == "--help" || word == "-h";
}

bool asks_for_help(const std::vector<std::string>& args) {
  const auto end = std::find(args.begin(), args.end(), "--");
  return std::any_of(args.begin(), end,
                     [](const std::string& arg) { return arg == "--help" || arg == "-h"; });
}

int print_help(const CLI::App& app, const std::vector<std::string>& args) {
  if (args.size() >= 2) {
    const CLI::App* command = find_command(app, args[1]);
    if (command == nullptr) {
      fmt::print(stderr, "hearth: {}\n",
                 unknown("command", args[1], command_names(), "hearth help"));
      return 2;
    }
    fmt::print("{}", command->help());
    return 0;
  }
  fmt::print(
      "hearth: local LLM inference for Linux\n\nUsage: hearth COMMAND [OPTIONS]\n\nCommands:\n");
  for (const Command& command : commands())
    fmt::print("  {:<12}{}\n", command.name, command.summary);
  fmt::print(
      "  {:<12}this text, or 'hearth help COMMAND' for one command\n\n"
      "A MODEL is a name from 'hearth list' or the path of a GGUF file.\n"
      "Exit status: 0 done, 1 failed, 2 usage, 3 not found, 4 malformed or unsupported file,\n"
      "5 does not fit in memory or context, 130 interrupted.\n",
      "help");
  return 0;
}

std::string explain_parse_error(const CLI::App& app, const std::vector<std::string>& args,
                                const CLI::ParseError& error) {
  const CLI::App* command = find_command(app, args[0]);
  if (command == nullptr) {
    if (args[0].starts_with("-"))
      return unknown("flag", args[0], {"--help", "--version"}, "hearth help");
    return unknown("command", args[0], command_names(), "hearth help");
  }
  const std::string help = fmt::format("hearth help {}", args[0]);
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) {
    // The words that CLI11 could not place stand behind the last colon of its message.
    const std::string message = error.what();
    const std::string word = message.substr(message.rfind(": ") + 2);
    const std::string first = word.substr(0, word.find(' '));
    if (first.starts_with("-") && first.size() > 1)
      return unknown("flag", first.substr(0, first.find('=')), flags_of(*command), help);
    return fmt::format("unexpected argument '{}'; see '{}'", printable(first, 60), help);
  }
  return fmt::format("{}; see '{}'", printable(error.what(), 200), help);
}

}  // namespace hearth::app
