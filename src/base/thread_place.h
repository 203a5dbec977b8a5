// SPDX-License-Identifier: Apache-2.0
//
// Where the calling thread may run and how urgent it is: the system's own calls, for machines of
// any size. What the system does not permit changes nothing.
#pragma once

#include <array>
#include <cstdint>

namespace hearth {

// A set of CPU numbers below 65536, which no kernel exceeds.
class CpuMask {
 public:
  // The CPUs that the calling thread may run on; empty where the system does not tell.
  static CpuMask of_this_thread();

  void add(unsigned cpu);
  unsigned count() const;
  // Keeps the calling thread on these CPUs. False if the system says no.
  bool confine_this_thread() const;

 private:
  std::array<std::uint64_t, 1024> words_ = {};
};

// The nice value of the calling thread alone (on Linux each thread has its own): -20, the most
// urgent, to 19. False if that is not permitted.
bool set_nice_of_this_thread(int nice);
int nice_of_this_thread();

}  // namespace hearth
