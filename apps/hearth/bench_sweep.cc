// SPDX-License-Identifier: Apache-2.0
#include "bench_sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/escape.h"
#include "base/json.h"
#include "bench_printer.h"
#include "bench_progress.h"
#include "build_info.h"
#include "engine/bench.h"
#include "engine/memory_plan.h"
#include "host/cpus_allowed.h"
#include "host/memory.h"
#include "model/ceiling_meter.h"
#include "model_source.h"
#include "process.h"
#include "sweep_report.h"
#include "write_picture.h"

namespace hearth::app {
namespace {

class Sweep {
 public:
  explicit Sweep(const SweepOptions& options)
      : options_(options), progress_(options.shows_progress) {}

  Result<void> run() {
    TRY(prepare());
    const Result<void> done = measure_all();
    progress_.hide();
    if (report_.depths.empty()) return done;
    TRY(write_stdout(printer_ ? printer_->end() : "\n"));
    TRY(draw());
    return done;
  }

 private:
  Result<void> prepare() {
    if (options_.format != "md")
      printer_ = TRY(make_bench_printer(options_.format, {.sql_table = "hearth_sweep"}));
    found_ = TRY(locate_model(options_.what.model, options_.is_offline));
    report_.what = options_.what;
    report_.date = utc_now();
    report_.programs.push_back(
        {.name = "hearth", .version = fmt::format("{} ({})", kBuildCommit, kBuildNumber)});
    TRY(load());
    report_.model = describe_model(options_.what.model, loaded_->gguf());
    meter_ = TRY(model::CeilingMeter::create(
        options_.what.n_threads, host::cpus_allowed(),
        host::available_memory().bytes.value_or(std::uint64_t{1} << 32)));
    for (const BenchPeer& peer : options_.peers) TRY(find_out_about(peer));
    return {};
  }

  Result<void> load() {
    progress_.show("loading");
    depths_ = options_.depths;
    if (depths_.empty()) depths_ = automatic_depths(TRY(longest_context()), n_test());
    std::ranges::sort(depths_);
    const auto repeated = std::ranges::unique(depths_);
    depths_.erase(repeated.begin(), repeated.end());
    engine::BenchTest deepest = options_.what.test;
    deepest.n_depth = depths_.back();
    engine::LoadOptions load = options_.load;
    const std::uint64_t n_ctx = engine::n_blocks_for(deepest) * model::kBlockTokens;
    if (n_ctx > UINT32_MAX)
      return fail(ErrorCode::does_not_fit, "{} tokens are more than any cache holds", n_ctx);
    load.n_ctx = static_cast<std::uint32_t>(n_ctx);
    loaded_ = TRY(engine::LoadedModel::load(TRY(open_found(found_, options_.what.model)), load));
    return {};
  }

  // Of the model, lowered to what the memory holds.
  Result<std::uint32_t> longest_context() {
    const auto files = TRY(format::ModelFiles::map(TRY(open_found(found_, options_.what.model))));
    const model::Plan plan = TRY(model::compile_plan(files->gguf()));
    return TRY(engine::plan_memory(plan, *files, options_.load, host::available_memory()))
    .n_ctx;
  }

  std::uint32_t n_test() const {
    return std::max(options_.what.test.n_prompt, options_.what.test.n_gen);
  }

  // Only a stop ends the sweep here.
  Result<void> find_out_about(const BenchPeer& peer) {
    progress_.show(fmt::format("asking {}", printable(peer.name, 60)));
    auto runner = PeerRunner::create(peer, interrupted_flag());
    if (!runner) {
      if (runner.error().code == ErrorCode::cancelled) return std::unexpected(runner.error());
      warn(peer.name, runner.error());
      return {};
    }
    peers_.push_back(std::move(*runner));
    report_.programs.push_back({.name = peer.name, .version = ""});
    return {};
  }

  Result<void> measure_all() {
    bench_ =
        std::make_unique<engine::Bench>(*loaded_, test_at(0, sweep_prompt), interrupted_flag());
    for (at_ = 0; at_ < depths_.size(); ++at_) {
      SweepDepth depth{.depth = depths_[at_], .test_time = utc_now()};
      depth.figures.resize(report_.programs.size());
      const Result<void> done = measure(depth);
      progress_.hide();
      // What was measured before something ended the depth is told all the same.
      if (!done && !has_figures(depth)) return done;
      find_ceilings(depth);
      if (report_.depths.empty() && !printer_) TRY(write_stdout(sweep_table_head(report_)));
      TRY(print(depth));
      report_.depths.push_back(std::move(depth));
      TRY(done);
    }
    return {};
  }

  engine::BenchTest test_at(std::uint32_t depth, std::size_t test) const {
    engine::BenchTest one = options_.what.test;
    one.n_depth = depth;
    (test == sweep_prompt ? one.n_gen : one.n_prompt) = 0;
    return one;
  }
  bool is_measured(std::size_t test) const {
    const engine::BenchTest one = test_at(0, test);
    return one.n_prompt + one.n_gen > 0;
  }

  static bool has_figures(const SweepDepth& depth) {
    return std::ranges::any_of(depth.figures[0],
                               [](const SweepFigure& figure) { return !figure.speeds.empty(); });
  }

  Result<void> measure(SweepDepth& depth) {
    const std::uint32_t at = depth.depth;
    show(at, "filling up to the depth");
    bench_->go_on_with(test_at(at, sweep_prompt));
    TRY(bench_->fill());
    ceilings_ = {};
    for (const std::size_t test : {sweep_prompt, sweep_generation}) {
      if (!is_measured(test) || !options_.has_warmup) continue;
      show(at, "warming up");
      bench_->go_on_with(test_at(at, test));
      TRY(bench_->warm_up());
    }
    // Our repetitions, spread around the runs of the peers.
    const std::size_t n_slots = peers_.size() + 1;
    std::size_t n_done = 0;
    for (std::size_t slot = 0; slot < n_slots; ++slot) {
      const std::size_t until = (options_.n_repetitions * (slot + 1) + n_slots - 1) / n_slots;
      measure_ceilings();
      for (; n_done < until; ++n_done) {
        show(at, fmt::format("repetition {} of {}", n_done + 1, options_.n_repetitions));
        TRY(repeat(depth));
      }
      if (slot < peers_.size()) TRY(run_peer(slot, depth));
    }
    return {};
  }

  Result<void> repeat(SweepDepth& depth) {
    for (const std::size_t test : {sweep_prompt, sweep_generation}) {
      if (!is_measured(test)) continue;
      bench_->go_on_with(test_at(depth.depth, test));
      const engine::BenchSample sample =
          TRY(bench_->repeat({.visit = [&] { ceilings_[test].push_back(meter_->measure()); }}));
      const engine::BenchPhase& phase = test == sweep_prompt ? sample.prompt : sample.generation;
      const auto ns = static_cast<double>(std::max<std::uint64_t>(phase.ns, 1));
      depth.figures[0][test].speeds.push_back(static_cast<double>(phase.n_tokens) * 1e9 / ns);
      work_[test] = phase.work;
    }
    measure_ceilings();
    return {};
  }

  // Between the runs, for both tests.
  void measure_ceilings() {
    const model::Ceilings now = meter_->measure();
    for (std::vector<model::Ceilings>& of_test : ceilings_) of_test.push_back(now);
  }

  Result<void> run_peer(std::size_t index, SweepDepth& depth) {
    const PeerRunner& runner = peers_[index];
    const std::string& name = runner.peer().name;
    std::array<SweepFigure, 2>& figures = depth.figures[index + 1];
    show(depth.depth, printable(name, 60));
    const BenchCase& what = options_.what;
    auto speeds = runner.run({.model_path = found_.paths[0],
                              .n_prompt = what.test.n_prompt,
                              .n_gen = what.test.n_gen,
                              .n_depth = depth.depth,
                              .n_threads = what.n_threads,
                              .n_batch = what.n_batch,
                              .n_ubatch = what.n_ubatch,
                              .n_repetitions = options_.n_repetitions,
                              .type_k = kernels::kv_type_name(what.k_type),
                              .type_v = kernels::kv_type_name(what.v_type)});
    if (interrupted()) return fail(ErrorCode::cancelled, "interrupted");
    if (!speeds) {
      for (SweepFigure& figure : figures) figure.problem = "failed";
      warn(fmt::format("{} at depth {}", name, depth.depth), speeds.error());
      return {};
    }
    for (SweepFigure& figure : figures) figure.problem = "not told";
    if (!runner.has_prompts_at_depth() && depth.depth > 0) figures[sweep_prompt].problem = "cannot";
    figures[sweep_prompt].speeds = std::move(speeds->prompt);
    figures[sweep_generation].speeds = std::move(speeds->generation);
    report_.programs[index + 1].version = speeds->version;
    return {};
  }

  // The mean of what was measured at this depth.
  void find_ceilings(SweepDepth& depth) const {
    for (const std::size_t test : {sweep_prompt, sweep_generation}) {
      if (depth.figures[0][test].speeds.empty()) continue;
      const model::LeastTime least =
          model::least_time(work_[test], model::mean_of(ceilings_[test]));
      const engine::BenchTest what = test_at(0, test);
      depth.ceilings[test] = (what.n_prompt + what.n_gen) / std::max(least.seconds, 1e-12);
      depth.bounds[test] = model::name_of(least.bound);
    }
  }

  Result<void> print(const SweepDepth& depth) {
    if (!printer_) return write_stdout(sweep_table_lines(report_, depth));
    for (const Json& row : sweep_rows(report_, depth)) {
      if (!std::exchange(has_begun_, true)) TRY(write_stdout(printer_->begin(row)));
      TRY(write_stdout(printer_->row(row)));
    }
    return {};
  }

  Result<void> draw() {
    if (!options_.picture) return {};
    const std::string path =
        options_.picture->empty() ? picture_name(options_.what.model, "-sweep") : *options_.picture;
    return write_picture(path, sweep_chart(report_));
  }

  void show(std::uint32_t depth, const std::string& what) {
    progress_.show(fmt::format("[{}/{}] depth {}: {}", at_ + 1, depths_.size(), depth, what));
  }

  void warn(const std::string& whom, const Error& error) {
    progress_.hide();
    fmt::print(stderr, "hearth: warning: {}: {}\n", printable(whom, 100), error.message);
  }

  const SweepOptions& options_;
  BenchProgress progress_;
  std::unique_ptr<BenchPrinter> printer_;  // none: the table
  bool has_begun_ = false;
  fetch::FoundModel found_;
  std::unique_ptr<engine::LoadedModel> loaded_;
  std::unique_ptr<model::CeilingMeter> meter_;
  std::unique_ptr<engine::Bench> bench_;
  std::vector<PeerRunner> peers_;
  std::vector<std::uint32_t> depths_;
  std::size_t at_ = 0;
  // Of each test at this depth: measured between the runs and in pauses of our own, since a shared
  // machine changes from second to second.
  std::array<std::vector<model::Ceilings>, 2> ceilings_;
  std::array<model::Work, 2> work_;  // of one repetition at this depth
  SweepReport report_;
};

}  // namespace

std::vector<std::uint32_t> automatic_depths(std::uint32_t n_ctx, std::uint32_t n_test) {
  std::vector<std::uint32_t> depths{0};
  for (std::uint32_t depth = 512;
       depth <= kMostAutomaticDepth && std::uint64_t{depth} + n_test <= n_ctx; depth *= 2)
    depths.push_back(depth);
  return depths;
}

Result<void> run_sweep(const SweepOptions& options) {
  return Sweep(options).run();
}

}  // namespace hearth::app
