// SPDX-License-Identifier: Apache-2.0
//
// CHECK(condition) aborts with its location when a bug shows; it stays on in release builds. It
// must never be reachable from user input: the fuzzers are there to prove that. DCHECK is for hot
// paths and vanishes when NDEBUG is set.
#pragma once

namespace hearth {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}

#define CHECK(...)                                              \
  do {                                                          \
    if (!(__VA_ARGS__)) [[unlikely]]                            \
      ::hearth::check_failed(#__VA_ARGS__, __FILE__, __LINE__); \
  } while (false)

#ifdef NDEBUG
#define DCHECK(...) \
  do {              \
  } while (false)
#else
#define DCHECK(...) CHECK(__VA_ARGS__)
#endif
