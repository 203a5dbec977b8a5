// SPDX-License-Identifier: Apache-2.0
//
// What 'hearth help' prints, and the pieces that the manual shares with it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "command.h"

namespace hearth::app {

enum class HelpSize {
  usual,  // the flags that people use
  whole,  // all of them, with all their names and variables
};

// The commands in their groups, and the exit statuses.
std::string overview();
std::string help_text(const Command& command, HelpSize size);

struct ExitStatus {
  int status;
  std::string_view meaning;
};
// What base/error.h maps errors to, for people.
std::span<const ExitStatus> exit_statuses();

struct EnvironmentVariable {
  std::string_view name;
  std::string_view meaning;
};
// Those that no flag has.
std::span<const EnvironmentVariable> environment_variables();

std::string_view heading_of(CommandGroup group);

// "hearth run MODEL [PROMPT...] [FLAGS]"
std::string usage_line(const Command& command, const Declarations& declarations);

// The headings of a command's flags, in order of appearance; the first part has none.
std::vector<std::string> headings_of(const Declarations& declarations);

// "HEARTH_CTX_SIZE, LLAMA_ARG_CTX_SIZE"; empty if no variable sets the flag.
std::string variables_of(const Flag& flag);

}  // namespace hearth::app
