// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/budget.h"

#include <pthread.h>

#include <algorithm>

namespace hearth::text::jinja {

const char* stack_floor() {
  thread_local const char* floor = [] {
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
      return static_cast<const char*>(nullptr);
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
