// SPDX-License-Identifier: Apache-2.0
#include "progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "process.h"

namespace hearth::app {

using std::chrono::steady_clock;

ProgressBar::ProgressBar(std::string label)
    : label_(std::move(label)), enabled_(stderr_is_terminal()), started_(steady_clock::now()) {}

ProgressBar::~ProgressBar() {
  if (shown_) fmt::print(stderr, "\r\033[K");
}

void ProgressBar::show(std::uint64_t done_bytes, std::uint64_t total_bytes) {
  constexpr auto kPatience = std::chrono::milliseconds(300),
                 kInterval = std::chrono::milliseconds(100);
  const auto now = steady_clock::now();
  if (!first_done_) first_done_ = done_bytes;
  if (!enabled_ || now - started_ < kPatience || now - last_ < kInterval) return;
  last_ = now;
  shown_ = true;
  constexpr int kWidth = 30;
  const double share =
      total_bytes == 0 ? 1.0 : static_cast<double>(done_bytes) / static_cast<double>(total_bytes);
  const int filled = std::clamp(static_cast<int>(share * kWidth), 0, kWidth);
  const double seconds = std::chrono::duration<double>(now - started_).count();
  const double rate = static_cast<double>(done_bytes - std::min(done_bytes, *first_done_)) /
                      std::max(seconds, 1e-3);
  std::string left;
  if (rate > 1 && total_bytes > done_bytes) {
    const auto seconds_left =
        static_cast<std::uint64_t>(static_cast<double>(total_bytes - done_bytes) / rate);
    left = fmt::format(", {}:{:02} left", seconds_left / 60, seconds_left % 60);
  }
  fmt::print(stderr, "\r\033[K{} [{}{}] {:3.0f} % of {} MiB, {:.1f} MiB/s{}", label_,
             std::string(static_cast<std::size_t>(filled), '#'),
             std::string(static_cast<std::size_t>(kWidth - filled), '.'), share * 100,
             total_bytes >> 20, rate / 1048576.0, left);
  std::fflush(stderr);
}

}  // namespace hearth::app
