// SPDX-License-Identifier: Apache-2.0
//
// A piece of work on an untrusted file in a short-lived confined process: fork, confine, compute,
// send back bytes. Whatever the file does to the parser, this process gets bytes or one error.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "base/error.h"
#include "worker/sandbox.h"

namespace hearth::worker {

using TellProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct ConfinedPlace {
  const SandboxReport& sandbox;
  const TellProgress& tell;  // calls on_progress in the process that waits
};

struct ConfinedJob {
  std::string
      about;  // what errors call the thing that is worked on: the file, as the user named it
  // Runs in the child, which has all memory and all descriptors of this process, /dev/null for
  // standard input and output, and no other thread: it may wait for none and take no lock that one
  // of them could hold.
  std::function<Result<std::string>(const ConfinedPlace&)> work;
  TellProgress on_progress;                      // in this process; may be empty
  std::size_t max_bytes = std::size_t{1} << 30;  // of the answer
  double seconds = 600;                          // 0: as long as it takes
  const std::atomic<bool>* stop = nullptr;       // becomes true: cancelled
};

// What work returned, errors included. Further errors name the job: integrity when the child
// crashed or tried what is forbidden, does_not_fit when it was killed or its answer is too long,
// failed when it took too long, cancelled, unsupported (see confine), io.
Result<std::string> run_confined(const ConfinedJob& job, const SandboxOptions& options = {});

}  // namespace hearth::worker
