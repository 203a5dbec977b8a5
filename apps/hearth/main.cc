// SPDX-License-Identifier: Apache-2.0
//
// hearth: one program, one subcommand a file. This file is the table of contents: prepare the
// process, parse the command line, run the command, turn an error into one line and an exit status.
#include <fmt/format.h>

#include <cstdio>

#include "args.h"
#include "base/mapped_file.h"
#include "command.h"
#include "help.h"
#include "process.h"

namespace hearth::app {
namespace {

int report(const Error& error) {
  fmt::print(stderr, "hearth: {}\n", error.message);
  return exit_code(error.code);
}

int usage_error(std::string_view message) {
  fmt::print(stderr, "hearth: {}\n", message);
  return exit_code(ErrorCode::usage);
}

int main_of(int argc, char** argv) {
  prepare_process();
  install_mapping_guard();

  CLI::App app{"Local LLM inference for Linux", "hearth"};
  app.set_help_flag();
  app.set_version_flag();
  std::vector<Action> actions;
  for (const Command& command : commands()) {
    CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.summary));
    actions.push_back(command.declare(*sub));
  }

  std::vector<std::string> args = rewrite_args(argc, argv);
  if (args.empty() || is_help_word(args[0])) return print_help(app, args);
  if (asks_for_help(args)) return print_help(app, {"help", args[0]});
  if (args[0] == "--version" || args[0] == "-V") args[0] = "version";
  try {
    std::vector<std::string> reversed(args.rbegin(),
                                      args.rend());  // CLI11 takes them from the back
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return usage_error(explain_parse_error(app, args, error));
  }

  for (std::size_t i = 0; i < actions.size(); ++i) {
    if (!app.got_subcommand(std::string(commands()[i].name))) continue;
    const Result<int> status = actions[i]();
    return status ? *status : report(status.error());
  }
  return usage_error("no command given; try 'hearth help'");
}

}  // namespace
}  // namespace hearth::app

int main(int argc, char** argv) {
  return hearth::app::main_of(argc, argv);
}
