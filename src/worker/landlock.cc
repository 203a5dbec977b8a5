// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "base/error.h"
#include "base/file.h"
#include "worker/landlock_internal.h"

namespace hearth::worker {
namespace {

// The kernel's structure as of ABI 6. An older kernel takes it as long as what it does not know is
// zero.
struct Ruleset {
  std::uint64_t handled_files = 0;
  std::uint64_t handled_network = 0;
  std::uint64_t scoped = 0;
};

// What is handled and allowed by no rule is refused; each version knows more.
struct Version {
  unsigned abi;
  Ruleset handles;
  const char* lacks;  // what versions before this one leave open
};

constexpr std::uint64_t first_bits(unsigned n) {
  return (std::uint64_t{1} << n) - 1;
}

constexpr std::uint64_t kBindAndConnectTcp = 3;
constexpr std::uint64_t kAbstractSocketsAndSignals = 3;
constexpr Version kVersions[] = {
    {1, {first_bits(13), 0, 0}, ""},  // open, run, read and change folders
    {2, {first_bits(14), 0, 0}, "moving files between folders"},
    {3, {first_bits(15), 0, 0}, "truncating"},
    {4, {first_bits(15), kBindAndConnectTcp, 0}, "TCP"},
    {5, {first_bits(16), kBindAndConnectTcp, 0}, "commands to devices"},
    {6,
     {first_bits(16), kBindAndConnectTcp, kAbstractSocketsAndSignals},
     "signals and abstract sockets"},
};

constexpr std::uint32_t kAskVersion = 1;

}  // namespace

unsigned landlock_abi() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
  return static_cast<unsigned>(std::max(version, 0L));
}

LandlockWall raise_landlock() {
  const unsigned abi = landlock_abi();
  if (abi == 0)
    return {.abi = 0,
            .missing =
                "the kernel has no Landlock, or it is switched off: the filter of "
                "system calls stands alone"};
  LandlockWall wall;
  Ruleset ruleset;
  for (const Version& version : kVersions) {
    if (version.abi <= abi) {
      ruleset = version.handles;
    } else {
      wall.missing += fmt::format("{}{}", wall.missing.empty() ? "" : ", ", version.lacks);
    }
  }
  if (!wall.missing.empty())
    wall.missing =
        fmt::format("Landlock of this kernel (ABI {}) leaves to the filter: {}", abi, wall.missing);
  const UniqueFd fd(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0)));
  if (!fd || ::syscall(SYS_landlock_restrict_self, fd.get(), 0) != 0)
    return {.abi = 0, .missing = "Landlock was refused: " + errno_text(errno)};
  wall.abi = abi;
  return wall;
}

}  // namespace hearth::worker
