// SPDX-License-Identifier: Apache-2.0
//
// hearth: one program, one subcommand a file. This file is the table of contents: prepare the
// process, parse the command line, run the command, turn an error into one line and an exit status.
#include <fmt/core.h>

#include <cstdio>

#include "base/mapped_file.h"
#include "command_line.h"
#include "process.h"

namespace hearth::app {
namespace {

Result<int> run_command_line(int argc, char** argv) {
  const Action action = TRY(parse_command_line({argv + std::min(argc, 1), argv + argc}));
  return action();
}

}  // namespace
}  // namespace hearth::app

int main(int argc, char** argv) {
  hearth::app::prepare_process();
  hearth::install_mapping_guard();
  const hearth::Result<int> status = hearth::app::run_command_line(argc, argv);
  if (status) return *status;
  fmt::print(stderr, "hearth: {}\n", status.error().message);
  return hearth::exit_code(status.error().code);
}
