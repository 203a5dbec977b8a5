// SPDX-License-Identifier: Apache-2.0
//
// A subcommand: its name, one line about it, and how it declares its options. declare() adds
// options to the sub-command of CLI11 and returns what to run once the command line has been
// parsed. The returned function gives the process's exit status.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>
#include <string_view>

#include "base/error.h"

namespace hearth::app {

using Action = std::function<Result<int>()>;

struct Command {
  std::string_view name;
  std::string_view summary;
  Action (*declare)(CLI::App& app);
};

Action declare_detokenize(CLI::App& app);
Action declare_import(CLI::App& app);
Action declare_list(CLI::App& app);
Action declare_logits(CLI::App& app);
Action declare_make_random(CLI::App& app);
Action declare_run(CLI::App& app);
Action declare_show(CLI::App& app);
Action declare_template(CLI::App& app);
Action declare_tokenize(CLI::App& app);
Action declare_version(CLI::App& app);

// In the order in which help lists them.
std::span<const Command> commands();

}  // namespace hearth::app
