// SPDX-License-Identifier: Apache-2.0
//
// Help for people, and what to say when a command line cannot be understood.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace hearth::app {

bool is_help_word(const std::string& word);
// Whether a command's arguments hold --help or -h before any "--".
bool asks_for_help(const std::vector<std::string>& args);
// "help", "help COMMAND", "COMMAND --help". Goes to standard output; 0, or 2 for an unknown
// command.
int print_help(const CLI::App& app, const std::vector<std::string>& args);
// One sentence that names the fault and, for an unknown flag or command, the nearest known one.
std::string explain_parse_error(const CLI::App& app, const std::vector<std::string>& args,
                                const CLI::ParseError& error);

}  // namespace hearth::app
