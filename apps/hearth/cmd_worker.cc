// SPDX-License-Identifier: Apache-2.0
//
// worker: the process of one model, started by serve and by nobody else: its standard input is a
// socket that serve has the other end of.
#include <unistd.h>

#include "command.h"
#include "server/worker_process.h"
#include "worker/worker.h"

namespace hearth::app {

Action declare_worker(Flags& /*flags*/) {
  return []() -> Result<int> {
    UniqueFd socket(server::kWorkerSocket);
    TRY(worker::run_worker(std::move(socket)));
    // Nothing is left to put in order, and a confined process may not do what exit() tries.
    ::_exit(0);
  };
}

}  // namespace hearth::app
