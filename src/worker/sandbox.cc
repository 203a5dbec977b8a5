// SPDX-License-Identifier: Apache-2.0
#include "worker/sandbox.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>

#include "worker/call_filter_internal.h"
#include "worker/landlock_internal.h"

namespace hearth::worker {
namespace {

// Of linux/prctl.h since 6.3, which is newer than the headers that this is built with.
constexpr int kSetMemoryDenyWriteExecute = 65;
constexpr unsigned long kRefuseGainOfExecution = 1;

std::unexpected<Error> cannot(const std::string& what) {
  return fail(ErrorCode::unsupported,
              "this process cannot be confined: {}; --no-sandbox goes on without (docs/sandbox.md)",
              what);
}

Result<void> turn_switches(SandboxReport& report) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return cannot("no_new_privs: " + errno_text(errno));
  // Prompts and weights are in memory: other processes of this user may not look, and no core is
  // written.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return cannot("dumpable: " + errno_text(errno));
  const rlimit no_core{0, 0};
  if (::setrlimit(RLIMIT_CORE, &no_core) != 0) return cannot("RLIMIT_CORE: " + errno_text(errno));
  report.refuses_executable_memory =
      ::prctl(kSetMemoryDenyWriteExecute, kRefuseGainOfExecution, 0, 0, 0) == 0;
  if (!report.refuses_executable_memory)
    report.missing.push_back(
        "the kernel has no PR_SET_MDWE (Linux 6.3): the filter alone refuses "
        "executable memory");
  return {};
}

}  // namespace

Result<SandboxReport> confine(const SandboxOptions& options) {
  SandboxReport report;
  TRY(turn_switches(report));
  if (options.uses_landlock) {
    const LandlockWall wall = raise_landlock();
    report.landlock_abi = wall.abi;
    if (!wall.missing.empty()) report.missing.push_back(wall.missing);
  }
  // Last, since it refuses all that is done above.
  auto filter = CallFilter::create(options.profile);
  if (!filter) return cannot(filter.error().message);
  if (auto installed = filter->install(); !installed) return cannot(installed.error().message);
  report.n_calls = filter->n_calls();
  report.is_confined = true;
  return report;
}

std::string describe(const SandboxReport& report) {
  if (!report.is_confined) return "none";
  std::string text = fmt::format("system call filter ({} calls)", report.n_calls);
  text += report.landlock_abi > 0 ? fmt::format(", Landlock (ABI {})", report.landlock_abi)
                                  : std::string(", no Landlock");
  if (report.refuses_executable_memory) text += ", no gain of executable memory";
  return text + ", no new privileges, no core dumps";
}

}  // namespace hearth::worker
