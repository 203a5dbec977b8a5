// SPDX-License-Identifier: Apache-2.0
//
// The filter of system calls that a profile's tables make (call_rules_internal.h), as a program for
// the kernel, by libseccomp. Calls of another architecture than the process's, x32 and 32 bits
// included, end the process like all that no row names.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "worker/call_rules_internal.h"

namespace hearth::worker {

class CallFilter {
 public:
  // architecture: as libseccomp numbers them (SCMP_ARCH_...), 0 for this machine's; others are for
  // tests. unsupported where the kernel or the library cannot make such a filter.
  static Result<CallFilter> create(Profile profile, std::uint32_t architecture = 0);

  unsigned n_calls() const { return n_calls_; }  // that it lets through
  // For all threads of this process, from now on. unsupported where the kernel refuses it.
  Result<void> install() const;
  // The program: an array of the kernel's struct sock_filter.
  Result<std::string> program() const;

 private:
  struct Release {
    void operator()(void* context) const;
  };
  CallFilter() = default;
  Result<void> add(const CallRule& rule);

  std::unique_ptr<void, Release> context_;
  unsigned n_calls_ = 0;
};

}  // namespace hearth::worker
