// SPDX-License-Identifier: Apache-2.0
//
// What `bench --sweep` found, for people and programs: speed over depth of Hearth and its peers as
// rows of a table, as fields, and as a picture. Plain values; any thread.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "bench_row.h"
#include "line_chart.h"

namespace hearth::app {

// The two tests of every depth.
enum SweepTest : std::size_t { sweep_prompt, sweep_generation };

// What one program did in one test at one depth.
struct SweepFigure {
  std::vector<double> speeds;  // tokens a second of each repetition
  std::string problem;         // why there are none
};

struct SweepDepth {
  std::uint32_t depth = 0;
  std::string test_time;  // UTC
  // Tokens a second that this machine allows at best: the ceilings of that time over what must be
  // read and multiplied (model/roofline.h). Of each test; and what binds.
  std::array<double, 2> ceilings = {};
  std::array<std::string, 2> bounds = {};
  std::vector<std::array<SweepFigure, 2>> figures;  // of each program
};

struct SweepProgram {
  std::string name, version;
};

struct SweepReport {
  BenchCase what;  // the depth aside
  BenchModel model;
  std::string date;                    // UTC
  std::vector<SweepProgram> programs;  // Hearth first
  std::vector<SweepDepth> depths;      // in rising order
};

// What was measured and how, a sentence a line: above the table and in the picture.
std::vector<std::string> describe_sweep(const SweepReport& report);

std::string sweep_table_head(const SweepReport& report);
// The lines of one depth.
std::string sweep_table_lines(const SweepReport& report, const SweepDepth& depth);

// An object for each program and test of a depth, with llama-bench's names where it has them. What
// could not be measured is left out.
std::vector<Json> sweep_rows(const SweepReport& report, const SweepDepth& depth);

LineChart sweep_chart(const SweepReport& report);

}  // namespace hearth::app
