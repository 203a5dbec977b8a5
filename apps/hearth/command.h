// SPDX-License-Identifier: Apache-2.0
//
// A subcommand: its name, one line about it, and how it declares its options. declare() declares
// its flags and returns what to run once the command line has been parsed. The returned function
// gives the process's exit status.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "flags.h"

namespace hearth::app {

using Action = std::function<Result<int>()>;

// Under which heading the overview lists a command.
enum class CommandGroup { models, answers, tools, program };

struct Command {
  std::string_view name;
  std::string_view summary;
  Action (*declare)(Flags& flags);
  CommandGroup group = CommandGroup::models;
};

Action declare_alias(Flags& flags);
Action declare_bench(Flags& flags);
Action declare_compare(Flags& flags);
Action declare_completion(Flags& flags);
Action declare_cp(Flags& flags);
Action declare_detokenize(Flags& flags);
Action declare_import(Flags& flags);
Action declare_key(Flags& flags);
Action declare_list(Flags& flags);
Action declare_logits(Flags& flags);
Action declare_make_random(Flags& flags);
Action declare_man(Flags& flags);
Action declare_perplexity(Flags& flags);
Action declare_pull(Flags& flags);
Action declare_rm(Flags& flags);
Action declare_run(Flags& flags);
Action declare_serve(Flags& flags);
Action declare_show(Flags& flags);
Action declare_template(Flags& flags);
Action declare_tokenize(Flags& flags);
Action declare_verify(Flags& flags);
Action declare_version(Flags& flags);
Action declare_worker(Flags& flags);  // not in commands(): for serve alone

// In the order in which help lists them, the commands of one group together.
std::span<const Command> commands();
// Null if there is none of that name.
const Command* find_command(std::string_view name);

// What a command understands, for those who only read it.
Declarations declarations_of(const Command& command);

}  // namespace hearth::app
