// SPDX-License-Identifier: Apache-2.0
//
// `bench --minutes N`: the same generation over and over for N minutes, told in windows of ten
// seconds: whether the last minute is as fast as the first. With each window come the ceilings
// measured at its end, the clock and the temperature: a CPU that gets warm slows down with its
// ceilings and its clock, and a busy neighbour takes from all figures at once.
//
// Every repetition rolls back to the depth, so that each does exactly the same work.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench_cases.h"
#include "bench_row.h"
#include "engine/loaded_model.h"
#include "host/sensors.h"
#include "line_chart.h"

namespace hearth::app {

struct MinutesOptions {
  BenchCase what;            // n_gen and n_depth of its test
  engine::LoadOptions load;  // the context aside
  double minutes = 1;
  bool has_warmup = true, is_offline = false, shows_progress = false;
  std::string format = "md";
  std::optional<std::string> picture;  // a path; empty: one after the model
};

// Prints what it finds, and writes the picture. cancelled after Ctrl-C: what was measured until
// then is printed and drawn.
Result<void> run_minutes(const MinutesOptions& options);

struct MinutesWindow {
  double seconds = 0;            // from the start to its middle
  double speed = 0, spread = 0;  // tokens a second: of the window; deviation of its repetitions
  double ceiling = 0;            // tokens a second
  host::Sensors sensors;
};

struct MinutesReport {
  BenchCase what;
  BenchModel model;
  std::string date;
  std::vector<MinutesWindow> windows;
};

// The mean of the last windows by that of the first: of six (a minute), or of half of them where
// there are fewer than twelve. Nothing of less than two windows.
struct MinutesRatio {
  std::size_t n_windows = 0;  // of each side
  double first = 0, last = 0, ratio = 0, ceiling_ratio = 0;
};
std::optional<MinutesRatio> ratio_of(const MinutesReport& report);

std::string minutes_summary(const MinutesReport& report);
LineChart minutes_chart(const MinutesReport& report);

}  // namespace hearth::app
