// SPDX-License-Identifier: Apache-2.0
//
// What `bench` is doing, on standard error: one line that changes on a terminal, a line for each
// step elsewhere if that is asked for. One thread.
#pragma once

#include <string>

namespace hearth::app {

class BenchProgress {
 public:
  explicit BenchProgress(bool is_wanted_everywhere) : is_wanted_(is_wanted_everywhere) {}
  BenchProgress(const BenchProgress&) = delete;
  BenchProgress& operator=(const BenchProgress&) = delete;
  ~BenchProgress() { hide(); }

  void show(const std::string& what);
  void hide();

 private:
  bool is_wanted_, is_shown_ = false;
};

// "2026-11-21T17:00:00Z"
std::string utc_now();

}  // namespace hearth::app
