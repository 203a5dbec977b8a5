// SPDX-License-Identifier: Apache-2.0
//
// A wall clock that is a day early and a day late in turn, for a program that is started with this
// library before the others (LD_PRELOAD). The steady clocks go on as they are. The kernel is asked
// directly: whoever looks up the C library's function allocates memory, and sanitizers ask for the
// time while they do that.
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <ctime>

namespace {

constexpr std::time_t kDay = 86'400;
constinit std::atomic<unsigned> n_looks{0};

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) {
  const auto status = static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  if (status == 0 && clock == CLOCK_REALTIME) time->tv_sec += n_looks++ % 2 == 0 ? kDay : -kDay;
  return status;
}

std::time_t time(std::time_t* into) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (into != nullptr) *into = now.tv_sec;
  return now.tv_sec;
}
}
