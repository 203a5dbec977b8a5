// SPDX-License-Identifier: Apache-2.0
#include "bench_minutes.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>

#include "base/escape.h"
#include "base/json.h"
#include "base/running_mean.h"
#include "bench_printer.h"
#include "bench_progress.h"
#include "build_info.h"
#include "engine/bench.h"
#include "host/cpu.h"
#include "host/cpus_allowed.h"
#include "host/memory.h"
#include "kernels/kernels.h"
#include "model/ceiling_meter.h"
#include "model_source.h"
#include "process.h"
#include "write_picture.h"

namespace hearth::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kWindowSeconds = 10;
constexpr std::size_t kWindowsOfAMinute = 6;

double seconds_after(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string or_unknown(const std::optional<double>& value, const char* unit) {
  return value ? fmt::format("{:.0f} {}", *value, unit) : "unknown";
}

std::vector<std::string> describe_minutes(const MinutesReport& report) {
  const BenchCase& what = report.what;
  return {fmt::format("{}, {} thread{}, {}", host::cpu_features().model, what.n_threads,
                      what.n_threads == 1 ? "" : "s", kernels::active().name),
          fmt::format("{}; tg{} at depth {} over and over; hearth {} ({}); {}",
                      printable(report.model.file, 120), what.test.n_gen, what.test.n_depth,
                      kBuildCommit, kBuildNumber, report.date)};
}

Json row_of(const MinutesReport& report, const MinutesWindow& window) {
  Json row;
  row["build_commit"] = kBuildCommit;
  row["build_number"] = kBuildNumber;
  row["cpu_info"] = host::cpu_features().model;
  row["model_filename"] = report.model.file;
  row["model_type"] = report.model.type;
  row["n_threads"] = report.what.n_threads;
  row["n_gen"] = report.what.test.n_gen;
  row["n_depth"] = report.what.test.n_depth;
  row["seconds"] = window.seconds;
  row["avg_ts"] = window.speed;
  row["stddev_ts"] = window.spread;
  row["ceiling_ts"] = window.ceiling;
  row["cpu_mhz"] = window.sensors.mhz ? Json(*window.sensors.mhz) : Json();
  row["celsius"] = window.sensors.celsius ? Json(*window.sensors.celsius) : Json();
  return row;
}

class Minutes {
 public:
  explicit Minutes(const MinutesOptions& options)
      : options_(options), progress_(options.shows_progress) {}

  Result<void> run() {
    TRY(prepare());
    const Result<void> done = measure_all();
    progress_.hide();
    if (report_.windows.empty()) return done;
    TRY(write_stdout(printer_ ? printer_->end() : "\n" + minutes_summary(report_)));
    if (options_.picture) {
      const std::string path = options_.picture->empty()
                                   ? picture_name(options_.what.model, "-minutes")
                                   : *options_.picture;
      TRY(write_picture(path, minutes_chart(report_)));
    }
    return done;
  }

 private:
  Result<void> prepare() {
    if (options_.format != "md")
      printer_ = TRY(make_bench_printer(options_.format, {.sql_table = "hearth_minutes"}));
    progress_.show("loading");
    engine::LoadOptions load = options_.load;
    load.n_ctx =
        static_cast<std::uint32_t>(engine::n_blocks_for(options_.what.test)) * model::kBlockTokens;
    loaded_ = TRY(
        engine::LoadedModel::load(TRY(open_model(options_.what.model, options_.is_offline)), load));
    meter_ = TRY(model::CeilingMeter::create(
        options_.what.n_threads, host::cpus_allowed(),
        host::available_memory().bytes.value_or(std::uint64_t{1} << 32)));
    report_.what = options_.what;
    report_.model = describe_model(options_.what.model, loaded_->gguf());
    report_.date = utc_now();
    return {};
  }

  Result<void> measure_all() {
    engine::Bench bench(*loaded_, options_.what.test, interrupted_flag());
    progress_.show("filling up to the depth");
    TRY(bench.fill());
    if (options_.has_warmup) TRY(bench.warm_up());
    const double seconds = options_.minutes * 60;
    const double window_seconds = std::min(kWindowSeconds, seconds / kWindowsOfAMinute);
    start_ = Clock::now();
    // A last window that the clock cuts short by less than half is a window.
    while (seconds_after(start_) < seconds - window_seconds / 2)
      TRY(measure_window(bench, window_seconds));
    return {};
  }

  Result<void> measure_window(engine::Bench& bench, double window_seconds) {
    const Clock::time_point window_start = Clock::now();
    MinutesWindow window;
    RunningMean speeds;
    double n_tokens = 0, seconds = 0;
    model::Work work;
    do {
      progress_.show(
          fmt::format("{:.1f} of {:.1f} minutes", seconds_after(start_) / 60, options_.minutes));
      const engine::BenchPhase phase = TRY(bench.repeat())
      .generation;
      const double took = static_cast<double>(std::max<std::uint64_t>(phase.ns, 1)) * 1e-9;
      n_tokens += static_cast<double>(phase.n_tokens);
      seconds += took;
      speeds.add(static_cast<double>(phase.n_tokens) / took);
      work = phase.work;
    } while (seconds_after(window_start) < window_seconds);
    window.sensors = host::read_sensors();  // while it is still warm
    window.seconds = seconds_after(start_) - seconds_after(window_start) / 2;
    window.speed = n_tokens / seconds;
    window.spread = speeds.standard_deviation();
    window.ceiling = options_.what.test.n_gen /
                     std::max(model::least_time(work, meter_->measure()).seconds, 1e-12);
    progress_.hide();
    TRY(print(window));
    report_.windows.push_back(window);
    return {};
  }

  Result<void> print(const MinutesWindow& window) const {
    std::string text;
    const bool is_first = report_.windows.empty();
    if (printer_) {
      const Json row = row_of(report_, window);
      if (is_first) text = printer_->begin(row);
      return write_stdout(text + printer_->row(row));
    }
    if (is_first) {
      for (const std::string& line : describe_minutes(report_)) text += line + "\n";
      text += fmt::format("\n| {:>7} | {:>18} | {:>10} | {:>11} | {:>11} |\n", "seconds", "t/s",
                          "of ceiling", "CPU clock", "temperature");
      text += "| ------: | -----------------: | ---------: | ----------: | ----------: |\n";
    }
    text += fmt::format("| {:>7.1f} | {:>18} | {:>10} | {:>11} | {:>11} |\n", window.seconds,
                        fmt::format("{:.2f} ± {:.2f}", window.speed, window.spread),
                        fmt::format("{:.1f} %", window.speed / window.ceiling * 100),
                        or_unknown(window.sensors.mhz, "MHz"),
                        or_unknown(window.sensors.celsius, "°C"));
    return write_stdout(text);
  }

  const MinutesOptions& options_;
  BenchProgress progress_;
  std::unique_ptr<BenchPrinter> printer_;  // none: the table
  std::unique_ptr<engine::LoadedModel> loaded_;
  std::unique_ptr<model::CeilingMeter> meter_;
  Clock::time_point start_;
  MinutesReport report_;
};

}  // namespace

std::optional<MinutesRatio> ratio_of(const MinutesReport& report) {
  MinutesRatio ratio{.n_windows = std::min(kWindowsOfAMinute, report.windows.size() / 2)};
  if (ratio.n_windows == 0) return std::nullopt;
  RunningMean first, last, first_ceiling, last_ceiling;
  for (std::size_t i = 0; i < ratio.n_windows; ++i) {
    const MinutesWindow& early = report.windows[i];
    const MinutesWindow& late = report.windows[report.windows.size() - 1 - i];
    first.add(early.speed);
    last.add(late.speed);
    first_ceiling.add(early.ceiling);
    last_ceiling.add(late.ceiling);
  }
  ratio.first = first.mean();
  ratio.last = last.mean();
  ratio.ratio = ratio.first > 0 ? ratio.last / ratio.first : 0;
  ratio.ceiling_ratio = first_ceiling.mean() > 0 ? last_ceiling.mean() / first_ceiling.mean() : 0;
  return ratio;
}

std::string minutes_summary(const MinutesReport& report) {
  const auto ratio = ratio_of(report);
  if (!ratio) return "too short for a comparison of the first minute with the last\n";
  const bool is_minute = ratio->n_windows == kWindowsOfAMinute;
  return fmt::format("{}: {:.2f} t/s; {}: {:.2f} t/s; ratio {:.3f} (of the ceilings: {:.3f})\n",
                     is_minute ? "the first minute" : "the first half", ratio->first,
                     is_minute ? "the last" : "the second", ratio->last, ratio->ratio,
                     ratio->ceiling_ratio);
}

LineChart minutes_chart(const MinutesReport& report) {
  LineChart chart{.title = fmt::format("Speed over time: {}", report.model.type),
                  .notes = describe_minutes(report),
                  .x_label = "minutes",
                  .x_scale = ChartScale::linear,
                  .panels = {}};
  if (const auto ratio = ratio_of(report)) {
    std::string text = minutes_summary(report);
    text.pop_back();
    chart.notes.push_back(std::move(text));
  }
  ChartSeries speed{.name = "hearth", .points = {}};
  ChartSeries ceiling{.name = "ceiling of this machine", .points = {}, .is_reference = true};
  ChartSeries clock{.name = "CPU clock", .points = {}};
  ChartSeries warmth{.name = "temperature", .points = {}};
  for (const MinutesWindow& window : report.windows) {
    const double minutes = window.seconds / 60;
    speed.points.push_back(
        {.x = minutes,
         .y = window.speed,
         .spread = window.spread,
         .note = fmt::format("{:.0f} s: {:.2f} ± {:.2f} tokens/s, {:.1f} % of the ceiling",
                             window.seconds, window.speed, window.spread,
                             window.speed / window.ceiling * 100)});
    ceiling.points.push_back({.x = minutes, .y = window.ceiling, .note = {}});
    if (window.sensors.mhz)
      clock.points.push_back(
          {.x = minutes, .y = *window.sensors.mhz, .note = or_unknown(window.sensors.mhz, "MHz")});
    if (window.sensors.celsius)
      warmth.points.push_back({.x = minutes,
                               .y = *window.sensors.celsius,
                               .note = or_unknown(window.sensors.celsius, "°C")});
  }
  if (clock.points.empty()) chart.notes.emplace_back("This system does not tell the CPU clock.");
  if (warmth.points.empty()) chart.notes.emplace_back("This system does not tell a temperature.");
  chart.panels.push_back({.title = "Generation",
                          .y_label = "tokens a second",
                          .series = {std::move(speed), std::move(ceiling)}});
  if (!clock.points.empty())
    chart.panels.push_back(
        {.title = "CPU clock, mean of all", .y_label = "MHz", .series = {std::move(clock)}});
  if (!warmth.points.empty())
    chart.panels.push_back(
        {.title = "Warmest sensor", .y_label = "degrees C", .series = {std::move(warmth)}});
  return chart;
}

Result<void> run_minutes(const MinutesOptions& options) {
  return Minutes(options).run();
}

}  // namespace hearth::app
