// SPDX-License-Identifier: Apache-2.0
//
// A progress bar on standard error where that is a terminal, nothing elsewhere. Shown only when the
// work takes longer than a moment; erased at the end, so that it never mixes with the answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace hearth::app {

class ProgressBar {
 public:
  explicit ProgressBar(std::string label);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(std::uint64_t done_bytes, std::uint64_t total_bytes);

 private:
  std::string label_;
  bool enabled_;
  bool shown_ = false;
  std::optional<std::uint64_t> first_done_;  // what was done before, which says nothing of the rate
  std::chrono::steady_clock::time_point started_, last_;
};

}  // namespace hearth::app
