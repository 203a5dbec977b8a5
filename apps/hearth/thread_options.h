// SPDX-License-Identifier: Apache-2.0
//
// How many threads compute, where and how urgently: llama.cpp's flags, each once for steps of one
// token and once, with "-batch", for all others. What is asked for is a wish: no more threads
// compute than CPUs may be used, and what the system does not permit is said and left.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "flags.h"
#include "host/worker_cpus.h"
#include "model/executor.h"

namespace hearth::app {

// How many threads compute where `wanted` were asked for by `flag`, 0 for the default, on the CPUs
// of the request. Warns if it is fewer.
unsigned choose_threads(int wanted, std::string_view flag = "-t",
                        const host::PlaceRequest& request = {});

class ThreadOptions {
 public:
  void declare(Flags& machine);
  // All but how many, for a command that has a list of those and takes each.
  void declare_places(Flags& machine);
  // usage if a value makes no sense. Warnings go to standard error.
  Result<model::CpuCrews> take() const;
  Result<model::CpuCrews> take(unsigned n_threads) const;
  // What -C, -Cr, --cpu-strict and --poll ask for, in llama.cpp's terms.
  struct Setting {
    std::string cpu_mask;  // of those asked for the CPUs this process may use; "0x0": none was
    bool is_strict = false;
    int poll = 0;
  };
  Result<Setting> setting() const;
  // What --verbose says: how many threads, where.
  std::string describe(const model::CpuCrews& crews) const;

 private:
  // One set of the flags; what is not given is as in the other set, or the default.
  struct Wishes {
    int n_threads = 0;
    std::optional<std::string> mask, range, strict, priority, poll;
  };
  // How the flags of a set are called, for messages.
  struct Names {
    std::string_view n_threads, mask, range, strict, priority, poll;
  };
  static constexpr Names kSingleNames{"-t", "-C", "-Cr", "--cpu-strict", "--prio", "--poll"};
  static Result<host::CpuSet> cpus_of(const Wishes& wishes, const Names& names);
  static Result<Crew> crew_of(const Wishes& wishes, const Names& names, host::Numa numa);
  Result<host::Numa> numa() const;

  Wishes single_, batch_;
  std::string numa_;
};

}  // namespace hearth::app
