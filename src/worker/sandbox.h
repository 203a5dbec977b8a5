// SPDX-License-Identifier: Apache-2.0
//
// The confinement of a process that works on a model: from then on it opens no file, connects
// nowhere, starts no program and no process, and makes no memory executable. Descriptors that it
// has, and those that arrive later over a socket that it has, are all that it can use.
//
// Two walls. A filter of system calls (seccomp) is enough alone, and without it there is no
// confinement. Landlock stands behind it where the kernel has it, and so do the switches of the
// process: no new privileges, no core dumps, not readable by others of the same user, no gain of
// executable memory. docs/sandbox.md says what each does. There is no way back.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace hearth::worker {

// What is computed with decides which calls are needed: drivers of graphics processors need more.
enum class Profile { cpu };

struct SandboxOptions {
  Profile profile = Profile::cpu;
  bool uses_landlock = true;  // off in tests, which show that the filter is enough
};

// What stands. Default-made: nothing does.
struct SandboxReport {
  bool is_confined = false;
  unsigned n_calls = 0;                    // system calls that the filter lets through
  unsigned landlock_abi = 0;               // version of the rules that were set; 0: none
  bool refuses_executable_memory = false;  // by PR_SET_MDWE, beside the filter
  std::vector<std::string> missing;        // what this kernel lacks, a sentence each
};

// Confines all threads of this process, and its children. Landlock confines the calling thread and
// those that it starts, so this is for the beginning, while there is one. Before it, read what
// will be unreadable (host_facts.h).
//
// unsupported, if no filter can be installed: this must then not go on to touch a model, unless
// the user said so in so many words (--no-sandbox). Part of the walls may stand already.
//
// End a confined process by _exit(): under sanitizers exit() looks for leaks, which takes calls
// that no confined process has.
Result<SandboxReport> confine(const SandboxOptions& options = {});

// One line: "system call filter (58 calls), Landlock (ABI 7), ..." or "none".
std::string describe(const SandboxReport& report);

}  // namespace hearth::worker
