// SPDX-License-Identifier: Apache-2.0
#include "bench_roofline.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/json.h"
#include "base/running_mean.h"
#include "host/cpu.h"
#include "host/cpus_allowed.h"
#include "host/memory.h"
#include "model/ceiling_meter.h"
#include "process.h"

namespace hearth::app {
namespace {

struct Rates {
  RunningMean mean;
  double best = 0;

  void add(double rate) {
    mean.add(rate);
    best = std::max(best, rate);
  }
};

struct RooflineRow {
  const kernels::Ceiling* ceiling;  // null: reading
  std::vector<Rates> rates;         // for each number of threads
};

using Meters = std::vector<std::unique_ptr<model::CeilingMeter>>;

Result<Meters> make_meters(unsigned n_threads) {
  const std::uint64_t available =
      host::available_memory().bytes.value_or(std::uint64_t{1} << 32) / 2;  // there are two
  Meters meters;
  for (const unsigned n : {1u, n_threads})
    if (meters.empty() || n > 1)
      meters.push_back(TRY(model::CeilingMeter::create(n, host::cpus_allowed(), available)));
  return meters;
}

const char* kind_of(const kernels::Ceiling* ceiling) {
  return ceiling == nullptr ? "read" : ceiling->is_float() ? "float" : "int8";
}

std::string name_of_row(const RooflineRow& row) {
  return row.ceiling == nullptr ? kernels::read_loop().name : row.ceiling->name;
}

Json as_json(const std::vector<RooflineRow>& rows, const Meters& meters) {
  Json object;
  object["cpu_info"] = host::cpu_features().model;
  object["ceilings"] = Json::array();
  for (const RooflineRow& row : rows) {
    Json one;
    one["name"] = name_of_row(row);
    one["kind"] = kind_of(row.ceiling);
    one["unit"] = row.ceiling == nullptr ? "bytes/s" : "multiply-adds/s";
    one["usable"] = row.ceiling == nullptr || row.ceiling->usable;
    if (!one["usable"].get<bool>()) one["missing"] = row.ceiling->missing;
    one["rates"] = Json::array();
    for (std::size_t i = 0; i < row.rates.size(); ++i)
      one["rates"].push_back({{"n_threads", meters[i]->n_threads()},
                              {"best", row.rates[i].best},
                              {"mean", row.rates[i].mean.mean()},
                              {"stddev", row.rates[i].mean.standard_deviation()}});
    object["ceilings"].push_back(std::move(one));
  }
  return object;
}

std::string as_table(const std::vector<RooflineRow>& rows, const Meters& meters) {
  std::string text =
      fmt::format("{}\n\n| {:<5} | {:<26} |", host::cpu_features().model, "", "loop");
  std::string rule = fmt::format("| {0:-<5} | {0:-<26} |", "");
  for (const auto& meter : meters) {
    const std::string threads =
        fmt::format("{} thread{}", meter->n_threads(), meter->n_threads() == 1 ? "" : "s");
    text += fmt::format(" {:>14} | {:>18} |", threads + ", best", "mean");
    rule += fmt::format(" {0:->13}: | {0:->17}: |", "");
  }
  text += "\n" + rule + "\n";
  for (const RooflineRow& row : rows) {
    const bool usable = row.ceiling == nullptr || row.ceiling->usable;
    text += fmt::format("| {:<5} | {:<26} |", kind_of(row.ceiling), name_of_row(row));
    for (const Rates& rates : row.rates)
      text += fmt::format(
          " {:>14} | {:>18} |",
          fmt::format("{:.1f} {}", rates.best * 1e-9, row.ceiling == nullptr ? "GB/s" : "GMAC/s"),
          fmt::format("{:.1f} ± {:.1f}", rates.mean.mean() * 1e-9,
                      rates.mean.standard_deviation() * 1e-9));
    text += usable ? "\n" : fmt::format(" {}\n", row.ceiling->missing);
  }
  return text;
}

}  // namespace

Result<int> show_roofline(unsigned n_threads, std::uint32_t n_repetitions, bool is_json) {
  const Meters meters = TRY(make_meters(n_threads));
  std::vector<RooflineRow> rows;
  for (const kernels::Ceiling& ceiling : kernels::all_ceilings()) rows.push_back({&ceiling, {}});
  rows.push_back({nullptr, {}});
  for (RooflineRow& row : rows)
    if (row.ceiling == nullptr || row.ceiling->usable) row.rates.resize(meters.size());
  for (std::uint32_t repetition = 0; repetition < n_repetitions; ++repetition)
    for (RooflineRow& row : rows)
      for (std::size_t i = 0; i < row.rates.size(); ++i) {
        if (interrupted()) return fail(ErrorCode::cancelled, "interrupted");
        row.rates[i].add(row.ceiling == nullptr ? meters[i]->read_bytes_per_second()
                                                : meters[i]->macs_per_second(*row.ceiling));
      }
  TRY(write_stdout(is_json ? to_json_text(as_json(rows, meters), 2) + "\n"
                           : as_table(rows, meters)));
  return 0;
}

}  // namespace hearth::app
