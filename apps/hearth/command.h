// SPDX-License-Identifier: Apache-2.0
//
// A subcommand: its name, one line about it, and how it declares its options. declare() declares
// its flags and returns what to run once the command line has been parsed. The returned function
// gives the process's exit status.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "base/error.h"

namespace hearth::app {

class Flags;  // flags.h

using Action = std::function<Result<int>()>;

struct Command {
  std::string_view name;
  std::string_view summary;
  Action (*declare)(Flags& flags);
};

Action declare_alias(Flags& flags);
Action declare_compare(Flags& flags);
Action declare_cp(Flags& flags);
Action declare_detokenize(Flags& flags);
Action declare_import(Flags& flags);
Action declare_list(Flags& flags);
Action declare_logits(Flags& flags);
Action declare_make_random(Flags& flags);
Action declare_perplexity(Flags& flags);
Action declare_pull(Flags& flags);
Action declare_rm(Flags& flags);
Action declare_run(Flags& flags);
Action declare_show(Flags& flags);
Action declare_template(Flags& flags);
Action declare_tokenize(Flags& flags);
Action declare_verify(Flags& flags);
Action declare_version(Flags& flags);

// In the order in which help lists them.
std::span<const Command> commands();

}  // namespace hearth::app
