// SPDX-License-Identifier: Apache-2.0
//
// The command line as a whole: which command was asked for, with which flags, or which help.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "command.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace hearth::app {

class CommandLine {
 public:
  CommandLine();  // declares the flags of every command
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // What to run. Takes the words after the program's name as rewrite_args leaves them. "help",
  // "COMMAND --help" and no word at all are commands that print. The error is a usage error: one
  // sentence that names the fault and, for an unknown flag or command, the nearest known one.
  Result<Action> parse(std::vector<std::string> args);

 private:
  const CLI::App* find_command(const std::string& name) const;
  Result<Action> help_on(const std::string& name) const;
  Error explain(const CLI::ParseError& error, const std::vector<std::string>& args) const;

  std::unique_ptr<CLI::App> app_;
  std::vector<Action> actions_;  // as commands() orders them
};

}  // namespace hearth::app
