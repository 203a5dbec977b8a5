// SPDX-License-Identifier: Apache-2.0
//
// For commands that look into a file which may come from anybody and print what they find: the
// looking is done in a short-lived confined process (worker/run_confined.h), the printing here.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/error.h"
#include "flags.h"
#include "worker/run_confined.h"

namespace hearth::app {

struct Printed {
  int status = 0;     // the command's exit status
  std::string out;    // for standard output, as it is
  std::string notes;  // for standard error
};

struct PrintJob {
  std::string about;  // the file, as the user named it
  // Must not print, and open nothing: descriptors are captured.
  std::function<Result<Printed>(const worker::TellProgress& tell)> work;
  worker::TellProgress on_progress = nullptr;
  std::size_t input_bytes = 0;  // of standard input: long input has time, and a long answer
  bool takes_long = false;      // no limit of time
};

class SandboxFlag {
 public:
  void declare(Flags& flags);  // --no-sandbox
  // Does the work, prints, and gives the exit status. unsupported if this system cannot confine;
  // with --no-sandbox the work is done in this process.
  Result<int> print(const PrintJob& job) const;

 private:
  bool no_sandbox_ = false;
};

// One line of what confines such work here, or why nothing does.
std::string describe_sandbox();

}  // namespace hearth::app
