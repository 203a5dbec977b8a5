// SPDX-License-Identifier: Apache-2.0
//
// What a well-behaved command-line process does: survives closed standard streams, notices Ctrl-C
// and a reader that has gone, and writes its answer to standard output.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace hearth::app {

// Makes sure descriptors 0 to 2 exist (so that no model file becomes "standard output"), takes
// SIGPIPE as an error value and SIGINT as a flag, and as many descriptors as may be had. From then
// on writing to stderr never fails.
void prepare_process();

// Whether Ctrl-C was pressed since the last clear. A second Ctrl-C ends the process at once.
bool interrupted();
const std::atomic<bool>& interrupted_flag();  // the same, for who looks from another layer
// The progress of a load that nobody watches: goes on until Ctrl-C.
inline bool go_on_until_interrupted(std::uint64_t, std::uint64_t) {
  return !interrupted();
}
void clear_interrupted();
// From now on a second one, too, is only a flag: for who looks at it often.
void survive_interrupts();

// Whether nobody can read standard output any more (closed, or a pipe without a reader).
bool stdout_is_gone();
// Ends the process the way a closed pipe ends any Unix program: at once, without a word.
[[noreturn]] void leave_quietly();

// Writes and flushes; a reader that has gone ends the process quietly, another failure is an error.
Result<void> write_stdout(std::string_view text);

bool stdin_is_terminal();
bool stdout_is_terminal();
bool stderr_is_terminal();
// A terminal, and neither NO_COLOR (no-color.org) nor TERM=dumb asks for plain text.
bool stdout_takes_colour();

}  // namespace hearth::app
