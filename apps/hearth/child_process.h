// SPDX-License-Identifier: Apache-2.0
//
// Another program, run to its end without a shell: its output is bounded, so is its time, and when
// somebody asks to stop it ends with us. It gets a process group of its own, which is ended as a
// whole, reads nothing and finds signals as if a shell had started it. One thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <string>

#include "base/error.h"

namespace hearth::app {

struct ChildLimits {
  double seconds = 60;
  std::size_t max_bytes = std::size_t{16} << 20;  // of its standard output
};

struct ChildOutput {
  int status = -1;  // exit status; 128 + signal when killed by one
  std::string out;
  std::string err_tail;  // the last of what it said to standard error
};

// program is a path, or a name that is looked for as a shell does. not_found or io if it cannot be
// started, failed if it goes over a limit, cancelled if `stop` became true.
Result<ChildOutput> run_child(const std::string& program, std::span<const std::string> args,
                              const ChildLimits& limits, const std::atomic<bool>& stop);

}  // namespace hearth::app
