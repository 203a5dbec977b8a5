// SPDX-License-Identifier: Apache-2.0
//
// Which system calls a confined process may make, as data. What no row allows or refuses ends the
// process: nobody but an attacker makes it. A row that refuses is for calls that libraries make
// and get along without.
//
// Calls are named, not numbered, so that one table serves both architectures; a name that an
// architecture does not have is passed over. Arguments are compared as the kernel gets them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "worker/sandbox.h"

namespace hearth::worker {

struct CallCondition {
  enum class Test : std::uint8_t {
    none,
    equals,       // the argument is `value`
    differs,      // it is not
    has_all,      // it has all bits of `value`
    has_none,     // it has none of them
    own_process,  // it is the number of this process
  };
  Test test = Test::none;
  unsigned argument = 0;  // counted from 0
  std::uint64_t value = 0;
};

struct CallRule {
  const char* call;
  int refused_with = 0;  // 0: allowed; otherwise this errno
  std::array<CallCondition, 2> when = {};
  const char* why;
};

// The tables that make up a profile, those of this build's sanitizers included.
std::vector<std::span<const CallRule>> rules_of(Profile profile);

}  // namespace hearth::worker
