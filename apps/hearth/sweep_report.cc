// SPDX-License-Identifier: Apache-2.0
#include "sweep_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/escape.h"
#include "base/json.h"
#include "base/running_mean.h"
#include "build_info.h"
#include "host/cpu.h"
#include "kernels/kernels.h"

namespace hearth::app {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
// A ceiling that is further above everything than this would press the lines to the floor.
constexpr double kShownCeiling = 2.5;

RunningMean mean_of(const std::vector<double>& values) {
  RunningMean mean;
  for (const double value : values) mean.add(value);
  return mean;
}

std::string test_name(const SweepReport& report, std::size_t test) {
  return test == sweep_prompt ? fmt::format("pp{}", report.what.test.n_prompt)
                              : fmt::format("tg{}", report.what.test.n_gen);
}

bool is_measured(const SweepReport& report, std::size_t test) {
  return (test == sweep_prompt ? report.what.test.n_prompt : report.what.test.n_gen) > 0;
}

std::string speed_cell(const SweepFigure& figure) {
  if (figure.speeds.empty()) return figure.problem;
  const RunningMean mean = mean_of(figure.speeds);
  return fmt::format("{:.2f} ± {:.2f}", mean.mean(), mean.standard_deviation());
}

std::string share_cell(const SweepFigure& figure, double ceiling, const std::string& bound) {
  if (figure.speeds.empty() || ceiling <= 0) return "";
  return fmt::format("{:.1f} % {}", mean_of(figure.speeds).mean() / ceiling * 100, bound);
}

std::string ratio_cell(const SweepFigure& ours, const SweepFigure& theirs) {
  if (ours.speeds.empty() || theirs.speeds.empty()) return "";
  return fmt::format("{:.2f}", mean_of(ours.speeds).mean() / mean_of(theirs.speeds).mean());
}

ChartPoint point_of(const SweepReport& report, const SweepDepth& depth, std::size_t program,
                    std::size_t test) {
  const SweepFigure& figure = depth.figures[program][test];
  ChartPoint point{.x = static_cast<double>(depth.depth), .y = kNothing};
  if (figure.speeds.empty()) return point;
  const RunningMean mean = mean_of(figure.speeds);
  point.y = mean.mean();
  point.spread = mean.standard_deviation();
  point.note = fmt::format("{}, {} at depth {}: {} tokens/s, {}", report.programs[program].name,
                           test_name(report, test), depth.depth, speed_cell(figure),
                           share_cell(figure, depth.ceilings[test], depth.bounds[test]));
  return point;
}

ChartPanel panel_of(const SweepReport& report, std::size_t test) {
  ChartPanel panel{.title = test == sweep_prompt
                                ? fmt::format("Reading a prompt of {} tokens ({})",
                                              report.what.test.n_prompt, test_name(report, test))
                                : fmt::format("Generating {} tokens ({})", report.what.test.n_gen,
                                              test_name(report, test)),
                   .y_label = "tokens a second",
                   .series = {}};
  double fastest = 0, highest_ceiling = 0;
  for (std::size_t program = 0; program < report.programs.size(); ++program) {
    ChartSeries series{.name = report.programs[program].name, .points = {}};
    for (const SweepDepth& depth : report.depths) {
      series.points.push_back(point_of(report, depth, program, test));
      const auto& speeds = depth.figures[program][test].speeds;
      if (!speeds.empty()) fastest = std::max(fastest, mean_of(speeds).mean());
    }
    const auto is_there = [](const ChartPoint& point) { return std::isfinite(point.y); };
    if (std::ranges::any_of(series.points, is_there)) panel.series.push_back(std::move(series));
  }
  ChartSeries ceiling{.name = "ceiling of this machine", .points = {}, .is_reference = true};
  for (const SweepDepth& depth : report.depths) {
    ceiling.points.push_back(
        {.x = static_cast<double>(depth.depth), .y = depth.ceilings[test], .note = {}});
    highest_ceiling = std::max(highest_ceiling, depth.ceilings[test]);
  }
  if (highest_ceiling > 0 && highest_ceiling <= kShownCeiling * fastest)
    panel.series.push_back(std::move(ceiling));
  return panel;
}

}  // namespace

std::vector<std::string> describe_sweep(const SweepReport& report) {
  const BenchCase& what = report.what;
  std::string programs;
  for (const SweepProgram& program : report.programs)
    programs += fmt::format("{}{}{}{}", programs.empty() ? "" : ", ", program.name,
                            program.version.empty() ? "" : " ", program.version);
  return {fmt::format("{}, {} thread{}, {}", host::cpu_features().model, what.n_threads,
                      what.n_threads == 1 ? "" : "s", kernels::active().name),
          fmt::format("{}; cache {}/{}, batch {}/{}; {}", printable(report.model.file, 120),
                      kernels::kv_type_name(what.k_type), kernels::kv_type_name(what.v_type),
                      what.n_batch, what.n_ubatch, report.date),
          printable(programs, 300)};
}

std::string sweep_table_head(const SweepReport& report) {
  std::string text;
  for (const std::string& line : describe_sweep(report)) text += line + "\n";
  text += "Hearth fills each depth by adding to the one before";
  text += report.programs.size() > 1
              ? "; a peer fills each depth anew, before its clock starts.\n\n"
              : ".\n\n";
  std::string head = fmt::format("| {:>6} | {:>7} |", "depth", "test");
  std::string rule = "| -----: | ------: |";
  for (std::size_t i = 0; i < report.programs.size(); ++i) {
    head += fmt::format(" {:>22} | {:>13} |", printable(report.programs[i].name, 18) + " t/s",
                        "of ceiling");
    rule += fmt::format(" {:->21}: | {:->12}: |", "", "");
    if (i == 0) continue;
    head += fmt::format(" {:>6} |", "ratio");
    rule += " -----: |";
  }
  return text + head + "\n" + rule + "\n";
}

std::string sweep_table_lines(const SweepReport& report, const SweepDepth& depth) {
  std::string text;
  for (const std::size_t test : {sweep_prompt, sweep_generation}) {
    if (!is_measured(report, test)) continue;
    text += fmt::format("| {:>6} | {:>7} |", depth.depth, test_name(report, test));
    for (std::size_t i = 0; i < depth.figures.size(); ++i) {
      const SweepFigure& figure = depth.figures[i][test];
      text += fmt::format(" {:>22} | {:>13} |", speed_cell(figure),
                          share_cell(figure, depth.ceilings[test], depth.bounds[test]));
      if (i > 0) text += fmt::format(" {:>6} |", ratio_cell(depth.figures[0][test], figure));
    }
    text += "\n";
  }
  return text;
}

std::vector<Json> sweep_rows(const SweepReport& report, const SweepDepth& depth) {
  static const std::string cpu_model = host::cpu_features().model;
  std::vector<Json> rows;
  for (std::size_t i = 0; i < depth.figures.size(); ++i)
    for (const std::size_t test : {sweep_prompt, sweep_generation}) {
      const SweepFigure& figure = depth.figures[i][test];
      if (figure.speeds.empty()) continue;
      const RunningMean mean = mean_of(figure.speeds);
      Json row;
      row["program"] = report.programs[i].name;
      row["version"] = report.programs[i].version;
      row["cpu_info"] = cpu_model;
      row["model_filename"] = report.model.file;
      row["model_type"] = report.model.type;
      row["model_size"] = report.model.size_bytes;
      row["model_n_params"] = report.model.n_params;
      row["n_batch"] = report.what.n_batch;
      row["n_ubatch"] = report.what.n_ubatch;
      row["n_threads"] = report.what.n_threads;
      row["type_k"] = kernels::kv_type_name(report.what.k_type);
      row["type_v"] = kernels::kv_type_name(report.what.v_type);
      row["n_prompt"] = test == sweep_prompt ? report.what.test.n_prompt : 0;
      row["n_gen"] = test == sweep_prompt ? 0 : report.what.test.n_gen;
      row["n_depth"] = depth.depth;
      row["test_time"] = depth.test_time;
      row["avg_ts"] = mean.mean();
      row["stddev_ts"] = mean.standard_deviation();
      row["ceiling_ts"] = depth.ceilings[test];
      row["share"] = depth.ceilings[test] > 0 ? mean.mean() / depth.ceilings[test] : 0.0;
      row["bound"] = depth.bounds[test];
      row["samples_ts"] = figure.speeds;
      rows.push_back(std::move(row));
    }
  return rows;
}

LineChart sweep_chart(const SweepReport& report) {
  LineChart chart{.title = fmt::format("Speed over context depth: {}", report.model.type),
                  .notes = describe_sweep(report),
                  .x_label = "tokens in the cache before the test (depth)",
                  .x_scale = ChartScale::doubling,
                  .panels = {}};
  for (const std::size_t test : {sweep_prompt, sweep_generation})
    if (is_measured(report, test)) chart.panels.push_back(panel_of(report, test));
  return chart;
}

}  // namespace hearth::app
