// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace hearth {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "hearth: bug at %s:%d: CHECK(%s) failed\n", file, line, condition);
  std::abort();
}

}  // namespace hearth
