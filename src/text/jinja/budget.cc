// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/budget.h"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>

namespace hearth::text::jinja {

namespace {

// For a process's first thread the C library looks into /proc, which a confined process may not.
// Such a stack grows down to its limit; half of that, counted from here, is surely free.
const char* floor_of_first_thread() {
  constexpr rlim_t kUsual = rlim_t{8} << 20;
  rlimit limit{kUsual, kUsual};
  static_cast<void>(::getrlimit(RLIMIT_STACK, &limit));
  const auto here = static_cast<const char*>(__builtin_frame_address(0));
  return here - std::min(limit.rlim_cur, kUsual) / 2;
}

}  // namespace

const char* stack_floor() {
  thread_local const char* floor = [] {
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return floor_of_first_thread();
    void* low = nullptr;
    std::size_t size = 0;
    const int failed = pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    if (failed != 0) return static_cast<const char*>(nullptr);
    // Leaf functions below us (formatting, sorting, malloc, sanitizer checks) need room of their
    // own.
    const std::size_t reserve =
        std::clamp<std::size_t>(size / 4, std::size_t{32} << 10, std::size_t{256} << 10);
    return static_cast<const char*>(low) + reserve;
  }();
  return floor;
}

}  // namespace hearth::text::jinja
