// SPDX-License-Identifier: Apache-2.0
#include "base/thread_place.h"

#include <sched.h>
#include <sys/resource.h>

#include <bit>

namespace hearth {
CpuMask CpuMask::of_this_thread() {
  CpuMask mask;
  // The kernel fills in as many bytes as its own sets have.
  ::sched_getaffinity(0, sizeof(mask.words_), reinterpret_cast<cpu_set_t*>(mask.words_.data()));
  return mask;
}

void CpuMask::add(unsigned cpu) {
  if (cpu / 64 < words_.size()) words_[cpu / 64] |= std::uint64_t{1} << (cpu % 64);
}

unsigned CpuMask::count() const {
  int n = 0;
  for (const std::uint64_t word : words_) n += std::popcount(word);
  return static_cast<unsigned>(n);
}

bool CpuMask::confine_this_thread() const {
  return ::sched_setaffinity(0, sizeof(words_),
                             reinterpret_cast<const cpu_set_t*>(words_.data())) == 0;
}

// Linux takes 0 for the calling thread and not for its process, and a confined one may name no
// other.
bool set_nice_of_this_thread(int nice) {
  return ::setpriority(PRIO_PROCESS, 0, nice) == 0;
}

int nice_of_this_thread() {
  return ::getpriority(PRIO_PROCESS, 0);
}

}  // namespace hearth
