// SPDX-License-Identifier: Apache-2.0
//
// The rows of `bench` in the formats of llama-bench. A printer is given one row after the other and
// returns what to write; the lists of single repetitions are in the JSON formats alone.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"

namespace hearth::app {

class BenchPrinter {
 public:
  virtual ~BenchPrinter() = default;
  // Before the first row; row is that row.
  virtual std::string begin(const Json& row) = 0;
  virtual std::string row(const Json& row) = 0;
  // After the last; also when something was in the way, so that what is there can be read.
  virtual std::string end() = 0;
};

struct TableColumns {
  std::vector<std::string> parameters;  // fields beside the usual ones: those with several values
  bool is_batched = false;              // the columns of llama-batched-bench
  std::string sql_table = "hearth_bench";
};

// usage for a format that nobody knows; there are md, csv, json, jsonl and sql.
Result<std::unique_ptr<BenchPrinter>> make_bench_printer(std::string_view format,
                                                         TableColumns columns);

// "466.1 GMAC/s" and the like: what was measured a second, in units that fit.
std::string human_rate(double per_second, std::string_view unit);

}  // namespace hearth::app
