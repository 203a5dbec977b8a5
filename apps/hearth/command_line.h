// SPDX-License-Identifier: Apache-2.0
//
// The command line as a whole: which command was asked for, with which flags, or which help.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "command.h"

namespace hearth::app {

// What to run. Takes the words after the program's name. "help", "COMMAND --help" and no word at
// all are commands that print. Notes and warnings about flags go to standard error. The error is a
// usage error: one sentence that names the fault and, for an unknown flag or command, the nearest
// known one.
Result<Action> parse_command_line(std::vector<std::string> words);

}  // namespace hearth::app
