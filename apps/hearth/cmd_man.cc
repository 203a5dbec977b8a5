// SPDX-License-Identifier: Apache-2.0
//
// man: the manual, from the declarations of this very program.
#include "command.h"
#include "flags.h"
#include "manual.h"
#include "process.h"

namespace hearth::app {

Action declare_man(Flags& flags) {
  auto markdown = std::make_shared<bool>(false);
  flags.add("--markdown", *markdown, "print docs/commands.md instead of a page for man");
  return [markdown]() -> Result<int> {
    TRY(write_stdout(*markdown ? manual_markdown() : manual_roff()));
    return 0;
  };
}

}  // namespace hearth::app
