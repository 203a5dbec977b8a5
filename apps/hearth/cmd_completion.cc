// SPDX-License-Identifier: Apache-2.0
//
// completion: prints what teaches a shell to complete our command lines.
#include "base/escape.h"
#include "command.h"
#include "completions.h"
#include "flags.h"
#include "process.h"

namespace hearth::app {
namespace {

Result<int> print_completion(const std::string& shell) {
  std::string script;
  if (shell == "bash") script = bash_completion();
  if (shell == "zsh") script = zsh_completion();
  if (shell == "fish") script = fish_completion();
  if (script.empty())
    return fail(ErrorCode::usage, "no completion for '{}'; there are bash, zsh and fish",
                printable(shell, 40));
  TRY(write_stdout(script));
  return 0;
}

}  // namespace

Action declare_completion(Flags& flags) {
  auto shell = std::make_shared<std::string>();
  flags.require("SHELL", *shell, "bash, zsh or fish; e.g. source <(hearth completion bash)")
      .choices({"bash", "zsh", "fish"});
  return [shell] { return print_completion(*shell); };
}

}  // namespace hearth::app
