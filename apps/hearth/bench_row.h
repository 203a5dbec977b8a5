// SPDX-License-Identifier: Apache-2.0
//
// What `bench` tells of one test: an object with llama-bench's fields in its order, then our own.
// Every format is made from it (bench_printer.h).
#pragma once

#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "bench_cases.h"
#include "engine/bench.h"
#include "format/gguf.h"
#include "model/roofline.h"

namespace hearth::app {

struct BenchModel {
  std::string file;  // as it was asked for
  std::string type;  // "llama 1.2B Q4_K"
  std::uint64_t size_bytes = 0, n_params = 0;
};
BenchModel describe_model(const std::string& name, const format::Gguf& gguf);

// What was asked of threads and loading, as llama-bench spells it.
struct BenchSetting {
  std::string cpu_mask = "0x0";  // none asked for
  bool cpu_strict = false;
  int poll = 50;
  std::string load_mode = "mmap";  // of the file; that weights are packed is the field `repack`
};

struct BenchResult {
  BenchCase what;
  BenchModel model;
  BenchSetting setting;
  std::string test_time;  // UTC, "2026-11-21T17:00:00Z"
  std::vector<engine::BenchSample> samples;
  // One more than samples: what was measured before the first repetition, and in the pauses of each
  // and after it.
  std::vector<std::vector<model::Ceilings>> ceilings;
};

// The share of a figure is the least time that its work can take on this machine by the time that
// it took: 1 is the ceiling. The ceilings are the mean of those before, during and after the
// repetition.
Json bench_row(const BenchResult& result);

}  // namespace hearth::app
