// SPDX-License-Identifier: Apache-2.0
#include "bench_progress.h"

#include <fmt/format.h>

#include <ctime>
#include <utility>

#include "process.h"

namespace hearth::app {

void BenchProgress::show(const std::string& what) {
  if (!stderr_is_terminal() && !is_wanted_) return;
  fmt::print(stderr, "{}{}{}", stderr_is_terminal() ? "\r\033[K" : "", what,
             stderr_is_terminal() ? "" : "\n");
  std::fflush(stderr);
  is_shown_ = stderr_is_terminal();
}

void BenchProgress::hide() {
  if (std::exchange(is_shown_, false)) fmt::print(stderr, "\r\033[K");
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace hearth::app
