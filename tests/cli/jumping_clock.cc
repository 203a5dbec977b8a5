// SPDX-License-Identifier: Apache-2.0
//
// A wall clock that is a day early and a day late in turn, for a program that is started with this
// library before the others (LD_PRELOAD). The steady clocks go on as they are.
#include <dlfcn.h>

#include <atomic>
#include <ctime>

namespace {

std::time_t jump() {
  static std::atomic<bool> is_late = false;
  constexpr std::time_t kDay = 86'400;
  return is_late.exchange(!is_late) ? kDay : -kDay;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) {
  static const auto real =
      reinterpret_cast<int (*)(clockid_t, timespec*)>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int status = real(clock, time);
  if (status == 0 && clock == CLOCK_REALTIME) time->tv_sec += jump();
  return status;
}

std::time_t time(std::time_t* into) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (into != nullptr) *into = now.tv_sec;
  return now.tv_sec;
}
}
