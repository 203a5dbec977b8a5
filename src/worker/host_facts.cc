// SPDX-License-Identifier: Apache-2.0
#include "worker/host_facts.h"

#include <ctime>

#include "host/cpus_allowed.h"
#include "kernels/kernels.h"

namespace hearth::worker {

HostFacts read_host_facts() {
  static_cast<void>(kernels::active());
  ::tzset();
  return {.available_memory = host::available_memory(), .n_cpus = host::cpus_allowed()};
}

}  // namespace hearth::worker
