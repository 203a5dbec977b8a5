// SPDX-License-Identifier: Apache-2.0
//
// bench: how fast a model reads prompts and generates, with llama-bench's flags and fields, and
// beside every figure how near that is to what this machine could do at best, measured in the same
// run: the ceilings are measured before the first repetition, in pauses of each and after it. With
// --server it is another program that is measured, under load (bench_server.h).
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "base/json.h"
#include "bench_cases.h"
#include "bench_minutes.h"
#include "bench_peer.h"
#include "bench_printer.h"
#include "bench_progress.h"
#include "bench_roofline.h"
#include "bench_row.h"
#include "bench_server.h"
#include "bench_sweep.h"
#include "command.h"
#include "compute_options.h"
#include "flags.h"
#include "host/cpus_allowed.h"
#include "host/memory.h"
#include "model/ceiling_meter.h"
#include "model_source.h"
#include "process.h"
#include "thread_options.h"

namespace hearth::app {
namespace {

constexpr std::uint32_t kMostTokens = 1 << 24;
// What a sweep generates at each depth, and a step of --minutes, unless -n says otherwise.
constexpr std::uint32_t kSweptTokens = 32, kTimedTokens = 16;
constexpr float kMostMinutes = 1440;

struct BenchOptions {
  std::vector<std::string> words, models, hub_models;
  std::vector<std::string> n_prompt, n_gen, prompts_and_gens, n_depth, n_batch, n_ubatch, n_threads;
  std::vector<std::string> k_types, v_types, n_sequences, no_effect, sweep_depths, peers;
  std::string isa, format = "md";
  std::optional<std::string> picture;
  float minutes = 0;
  ThreadOptions places;
  ServerBenchOptions server;
  std::uint32_t n_repetitions = 5, delay_seconds = 0;
  bool no_warmup = false, json = false, roofline = false, progress = false, offline = false;
  bool sweep = false;
};

std::vector<std::string> models_of(const BenchOptions& options) {
  std::vector<std::string> models = options.words;
  for (const std::string& text : options.models)
    for (std::string& name : split_names(text)) models.push_back(std::move(name));
  for (const std::string& name : options.hub_models)
    models.push_back(name.starts_with("hf:") ? name : "hf:" + name);
  return models;
}

Result<std::vector<kernels::KvType>> parse_kv_types(std::string_view flag,
                                                    const std::vector<std::string>& texts) {
  std::vector<kernels::KvType> types;
  for (const std::string& text : texts)
    for (const std::string& name : split_names(text))
      types.push_back(TRY(parse_kv_type(flag, name)));
  return types;
}

Result<std::vector<std::uint32_t>> parse_threads(const std::vector<std::string>& texts) {
  std::vector<std::uint32_t> numbers = TRY(parse_numbers("-t", texts, 0, 1024));
  if (numbers.empty()) numbers.push_back(0);
  for (std::uint32_t& n : numbers) n = choose_threads(static_cast<int>(n));
  return numbers;
}

Result<BenchParameters> parameters_of(const BenchOptions& options) {
  const auto numbers = [](std::string_view flag, const std::vector<std::string>& texts,
                          std::uint32_t least, std::uint32_t most,
                          std::uint32_t otherwise) -> Result<std::vector<std::uint32_t>> {
    if (texts.empty()) return std::vector{otherwise};
    return parse_numbers(flag, texts, least, most);
  };
  BenchParameters parameters;
  parameters.models = models_of(options);
  parameters.n_prompt = TRY(numbers("-p", options.n_prompt, 0, kMostTokens, 512));
  parameters.n_gen = TRY(numbers("-n", options.n_gen, 0, kMostTokens, 128));
  for (const std::string& text : options.prompts_and_gens)
    parameters.prompts_and_gens.push_back(TRY(parse_prompt_and_gen(text)));
  parameters.n_depth = TRY(numbers("-d", options.n_depth, 0, kMostTokens, 0));
  parameters.n_batch = TRY(numbers("-b", options.n_batch, 1, kMostTokens, 2048));
  parameters.n_ubatch = TRY(numbers("-ub", options.n_ubatch, 1, 65536, 512));
  parameters.k_types = TRY(parse_kv_types("-ctk", options.k_types));
  parameters.v_types = TRY(parse_kv_types("-ctv", options.v_types));
  if (parameters.k_types.empty()) parameters.k_types.push_back(kernels::KvType::f16);
  if (parameters.v_types.empty()) parameters.v_types.push_back(kernels::KvType::f16);
  parameters.n_sequences = TRY(parse_numbers("-np", options.n_sequences, 1, 4096));
  parameters.n_threads = TRY(parse_threads(options.n_threads));
  return parameters;
}

TableColumns columns_for(const BenchParameters& p) {
  TableColumns columns{.is_batched = !p.n_sequences.empty()};
  const auto add = [&](const char* field, bool is_shown) {
    if (is_shown) columns.parameters.emplace_back(field);
  };
  add("n_batch", p.n_batch != std::vector{2048u});
  add("n_ubatch", p.n_ubatch != std::vector{512u});
  add("type_k", p.k_types != std::vector{kernels::KvType::f16});
  add("type_v", p.v_types != std::vector{kernels::KvType::f16});
  if (columns.is_batched) add("n_depth", p.n_depth != std::vector{0u});
  return columns;
}

// All but the context, and how many rows of a step want logits.
Result<engine::LoadOptions> load_options(const BenchCase& what, const BenchOptions& options) {
  engine::LoadOptions load;
  load.n_ubatch = std::min(what.n_batch, what.n_ubatch);
  load.max_wanted = 1;
  load.crews = TRY(options.places.take(what.n_threads));
  load.k_type = what.k_type;
  load.v_type = what.v_type;
  load.needs_text = false;
  return load;
}

// Loads a model for the tests from `first` on that it serves.
Result<std::unique_ptr<engine::LoadedModel>> load_for(std::span<const BenchCase> cases,
                                                      const BenchOptions& options) {
  const BenchCase& first = cases[0];
  std::uint64_t n_blocks = 1;
  std::uint32_t n_sequences = 1;
  for (const BenchCase& one : cases) {
    if (!one.loads_like(first)) break;
    n_blocks = std::max(n_blocks, engine::n_blocks_for(one.test));
    n_sequences = std::max(n_sequences, one.test.n_sequences);
  }
  const std::uint64_t n_ctx = n_blocks * model::kBlockTokens;
  if (n_ctx > UINT32_MAX)
    return fail(ErrorCode::does_not_fit, "{} tokens are more than any cache holds", n_ctx);
  // All sequences share the blocks of one long context, so that a step may have rows of many.
  engine::LoadOptions load = TRY(load_options(first, options));
  load.n_ctx = static_cast<std::uint32_t>(n_ctx);
  load.max_wanted = std::min(load.n_ubatch, n_sequences);
  return engine::LoadedModel::load(TRY(open_model(first.model, options.offline)), load);
}

Result<BenchSetting> setting_of(const BenchOptions& options) {
  ThreadOptions::Setting threads = TRY(options.places.setting());
  return BenchSetting{.cpu_mask = std::move(threads.cpu_mask),
                      .cpu_strict = threads.is_strict,
                      .poll = threads.poll};
}

class BenchRunner {
 public:
  BenchRunner(const BenchOptions& options, std::span<const BenchCase> cases, BenchPrinter& printer)
      : options_(options), cases_(cases), printer_(printer), progress_(options.progress) {}

  Result<void> run() {
    const Result<void> done = run_all();
    progress_.hide();
    if (n_printed_ > 0 || done) TRY(write_stdout(printer_.end()));
    return done;
  }

 private:
  Result<void> run_all() {
    for (at_ = 0; at_ < cases_.size(); ++at_) {
      if (at_ == 0 || !cases_[at_].loads_like(cases_[at_ - 1])) {
        show_progress("loading");
        loaded_.reset();
        loaded_ = TRY(load_for(cases_.subspan(at_), options_));
      }
      if (!meter_ || meter_->n_threads() != cases_[at_].n_threads) {
        meter_.reset();
        meter_ = TRY(model::CeilingMeter::create(
            cases_[at_].n_threads, host::cpus_allowed(),
            host::available_memory().bytes.value_or(std::uint64_t{1} << 32)));
      }
      const Json row = bench_row(TRY(run_one(cases_[at_])));
      progress_.hide();
      if (n_printed_++ == 0) TRY(write_stdout(printer_.begin(row)));
      TRY(write_stdout(printer_.row(row)));
    }
    return {};
  }

  Result<BenchResult> run_one(const BenchCase& what) {
    wait();
    BenchResult result {
      .what = what, .model = describe_model(what.model, loaded_->gguf()),
      .setting = TRY(setting_of(options_))
      , .test_time = utc_now()
    };
    engine::Bench bench(*loaded_, what.test, interrupted_flag());
    if (what.test.n_depth > 0) show_progress("filling up to the depth");
    TRY(bench.fill());
    if (!options_.no_warmup) {
      show_progress("warming up");
      TRY(bench.warm_up());
    }
    result.ceilings.push_back({meter_->measure()});
    for (std::uint32_t i = 0; i < options_.n_repetitions; ++i) {
      show_progress(fmt::format("repetition {} of {}", i + 1, options_.n_repetitions));
      std::vector<model::Ceilings>& beside = result.ceilings.emplace_back();
      const auto measure = [&] { beside.push_back(meter_->measure()); };
      result.samples.push_back(TRY(bench.repeat({.visit = measure})));
      measure();
    }
    return result;
  }

  // Between two tests, looking for Ctrl-C all the time.
  void wait() const {
    if (at_ == 0) return;
    for (std::uint32_t i = 0; i < options_.delay_seconds * 10 && !interrupted(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }

  void show_progress(const std::string& what) {
    progress_.show(fmt::format("[{}/{}] {}: {}", at_ + 1, cases_.size(), cases_[at_].name(), what));
  }

  const BenchOptions& options_;
  std::span<const BenchCase> cases_;
  BenchPrinter& printer_;
  BenchProgress progress_;
  std::size_t at_ = 0, n_printed_ = 0;
  std::unique_ptr<engine::LoadedModel> loaded_;
  std::unique_ptr<model::CeilingMeter> meter_;
};

// One setting of everything, for what has no lists.
Result<BenchCase> single_case(const BenchParameters& p, std::string_view flag,
                              const engine::BenchTest& test) {
  if (p.models.empty()) return fail(ErrorCode::usage, "give a model: a name or -m FILE");
  if (p.models.size() > 1 || p.n_batch.size() > 1 || p.n_ubatch.size() > 1 ||
      p.k_types.size() > 1 || p.v_types.size() > 1 || p.n_threads.size() > 1 ||
      p.n_prompt.size() > 1 || p.n_gen.size() > 1)
    return fail(ErrorCode::usage, "{} takes one model and one value of each flag", flag);
  if (!p.prompts_and_gens.empty() || !p.n_sequences.empty())
    return fail(ErrorCode::usage, "{} goes with -p and -n; not with -pg and -np", flag);
  BenchCase what{.model = p.models[0],
                 .n_batch = p.n_batch[0],
                 .n_ubatch = p.n_ubatch[0],
                 .k_type = p.k_types[0],
                 .v_type = p.v_types[0],
                 .n_threads = p.n_threads[0],
                 .test = test};
  what.test.n_batch = what.n_batch;
  return what;
}

Result<int> sweep(const BenchOptions& options, const BenchParameters& parameters) {
  if (!options.n_depth.empty())
    return fail(ErrorCode::usage, "--sweep takes its depths from --sweep-depths");
  SweepOptions sweep;
  sweep.what =
      TRY(single_case(parameters, "--sweep",
                      {.n_prompt = parameters.n_prompt[0],
                       .n_gen = options.n_gen.empty() ? kSweptTokens : parameters.n_gen[0]}));
  if (sweep.what.test.n_prompt + sweep.what.test.n_gen == 0)
    return fail(ErrorCode::usage, "nothing to measure: give -p or -n something above 0");
  sweep.depths = TRY(parse_numbers("--sweep-depths", options.sweep_depths, 0, kMostTokens));
  for (const std::string& text : options.peers) sweep.peers.push_back(TRY(parse_peer(text)));
  sweep.load = TRY(load_options(sweep.what, options));
  sweep.n_repetitions = options.n_repetitions;
  sweep.has_warmup = !options.no_warmup;
  sweep.is_offline = options.offline;
  sweep.shows_progress = options.progress;
  sweep.format = options.format;
  sweep.picture = options.picture;
  TRY(run_sweep(sweep));
  return 0;
}

Result<int> minutes(const BenchOptions& options, const BenchParameters& parameters) {
  if (!(options.minutes > 0) || options.minutes > kMostMinutes)
    return fail(ErrorCode::usage, "--minutes {}: give a number from 0.01 to {}", options.minutes,
                kMostMinutes);
  if (parameters.n_depth.size() > 1) return fail(ErrorCode::usage, "--minutes takes one depth");
  MinutesOptions minutes;
  minutes.what =
      TRY(single_case(parameters, "--minutes",
                      {.n_gen = options.n_gen.empty() ? kTimedTokens : parameters.n_gen[0],
                       .n_depth = parameters.n_depth[0]}));
  if (minutes.what.test.n_gen == 0)
    return fail(ErrorCode::usage, "--minutes measures generation: give -n something above 0");
  minutes.load = TRY(load_options(minutes.what, options));
  minutes.minutes = options.minutes;
  minutes.has_warmup = !options.no_warmup;
  minutes.is_offline = options.offline;
  minutes.shows_progress = options.progress;
  minutes.format = options.format;
  minutes.picture = options.picture;
  TRY(run_minutes(minutes));
  return 0;
}

Result<int> server_bench(const BenchOptions& options) {
  if (options.sweep || options.roofline || options.minutes != 0 || !options.n_depth.empty() ||
      !options.prompts_and_gens.empty())
    return fail(ErrorCode::usage,
                "--server is a measurement of its own: not with --sweep, --minutes, --roofline, "
                "-d or -pg");
  return run_server_bench(options.server, {.models = models_of(options),
                                           .n_prompt = options.n_prompt,
                                           .n_gen = options.n_gen,
                                           .n_parallel = options.n_sequences,
                                           .format = options.format,
                                           .no_warmup = options.no_warmup,
                                           .shows_progress = options.progress});
}

Result<int> bench(BenchOptions options) {
  if (options.json) options.format = "json";
  if (!options.server.url.empty()) return server_bench(options);
  if (const std::string flag = options.server.flag_without_server(); !flag.empty())
    return fail(ErrorCode::usage, "{} goes with --server", flag);
  if (!options.no_effect.empty())
    fmt::print(stderr, "hearth: note: flags about devices and loading have no effect here\n");
  if (options.n_repetitions == 0 || options.n_repetitions > 100000)
    return fail(ErrorCode::usage, "-r {}: give a number from 1 to 100000", options.n_repetitions);
  if (options.delay_seconds > 86400)
    return fail(ErrorCode::usage, "--delay {}: at most a day", options.delay_seconds);
  TRY(choose_isa(options.isa));
  const BenchParameters parameters = TRY(parameters_of(options));
  if (options.roofline) {
    if (options.format != "md" && options.format != "json")
      return fail(ErrorCode::usage, "--roofline has the formats md and json");
    return show_roofline(*std::ranges::max_element(parameters.n_threads), options.n_repetitions,
                         options.format == "json");
  }
  if (options.sweep && options.minutes != 0)
    return fail(ErrorCode::usage, "--sweep and --minutes are two measurements: give one");
  if (!options.sweep && (!options.peers.empty() || !options.sweep_depths.empty()))
    return fail(ErrorCode::usage, "--peer and --sweep-depths go with --sweep");
  if (!options.sweep && options.minutes == 0 && options.picture)
    return fail(ErrorCode::usage, "--svg goes with --sweep or --minutes");
  if (options.sweep) return sweep(options, parameters);
  if (options.minutes != 0) return minutes(options, parameters);
  const auto printer = TRY(make_bench_printer(options.format, columns_for(parameters)));
  if (parameters.models.empty()) return fail(ErrorCode::usage, "give a model: a name or -m FILE");
  const std::vector<BenchCase> cases = TRY(combine(parameters));
  TRY(BenchRunner(options, cases, *printer).run());
  return 0;
}

}  // namespace

Action declare_bench(Flags& flags) {
  auto options = std::make_shared<BenchOptions>();
  flags.add_words("[MODEL...]", options->words);
  flags.add("-m,--model", options->models, "a model (more: -m A -m B, or -m A,B)")
      .value("MODEL")
      .variable("MODEL")
      .names_model();
  flags.add("-hf,-hfr,--hf-repo", options->hub_models, "a model of the Hugging Face hub")
      .value("ORG/REPO[:QUANT]")
      .names_model();
  flags.add("--offline", options->offline, "never fetch a model that is not here")
      .variable("OFFLINE");
  Flags tests = flags.under("Tests (lists: 128,512; ranges: 0-4096+1024, 1-8*2)");
  tests
      .add("-p,--n-prompt,--random-input-len", options->n_prompt,
           "tokens of a prompt (default 512; 0: no such test)")
      .value("LIST");
  tests
      .add("-n,--n-gen,--random-output-len", options->n_gen,
           "tokens to generate (default 128; 0: no such test)")
      .value("LIST");
  tests
      .add("-pg", options->prompts_and_gens, "a prompt and what is generated after it, as one test")
      .value("P,N");
  tests.add("-d,--n-depth", options->n_depth, "tokens that are there before (default 0)")
      .value("LIST");
  tests
      .add("-np,--parallel,--max-concurrency", options->n_sequences,
           "so many sequences at once, each with a prompt of -p and -n new tokens")
      .value("LIST");
  tests.add("-r,--repetitions", options->n_repetitions, "of each test (default 5)");
  tests.add("--delay", options->delay_seconds, "seconds to wait between two tests (default 0)");
  tests.add("--no-warmup", options->no_warmup, "do not run each test once before");
  tests.add("--roofline", options->roofline,
            "no model: what this machine could do at best, for each instruction set");
  Flags over = flags.under("Speed over depth and over time");
  over.add("--sweep", options->sweep,
           "-p and -n (default 32) at one depth after the other, beside the ceiling");
  over.add("--sweep-depths", options->sweep_depths,
           "these depths (default 0,512,1024... up to 16384 or what the model and memory allow)")
      .value("LIST");
  over.add("--peer", options->peers,
           "with --sweep: another program's llama-bench, to be run in between (may be repeated)")
      .value("[NAME=]PROGRAM [FLAG...]");
  over.add("--minutes", options->minutes,
           "generate for so long, in windows of ten seconds: is the last minute as fast as the "
           "first?")
      .value("N");
  over.add("--svg", options->picture,
           "a picture of --sweep or --minutes (default: a file after the model, in this folder)")
      .value("[FILE.svg]")
      .may_omit_value(".svg");
  options->server.declare(flags.under("Load on a server"));
  Flags output = flags.under("Output");
  output.add("-o,--output", options->format, "md, csv, json, jsonl or sql (default md)")
      .value("FORMAT")
      .choices({"md", "csv", "json", "jsonl", "sql"});
  output.add("--json", options->json, "the same as -o json");
  output.add("--progress", options->progress, "say what runs, also where no terminal is").rare();
  Flags machine = flags.under("Machine");
  machine
      .add("-t,--threads", options->n_threads,
           "threads that compute (default: one for each core this process may use)")
      .value("LIST")
      .variable("THREADS");
  options->places.declare_places(machine);
  machine.add("-b,--batch-size", options->n_batch, "tokens handed over at once (default 2048)")
      .value("LIST");
  machine.add("-ub,--ubatch-size", options->n_ubatch, "tokens computed in one step (default 512)")
      .value("LIST");
  machine.add("-ctk,--cache-type-k", options->k_types, "types of cached keys: f16, q8_0, ...")
      .value("LIST");
  machine.add("-ctv,--cache-type-v", options->v_types, "types of cached values: f16, q8_0, ...")
      .value("LIST");
  machine.add("--isa", options->isa, "instruction set of the kernels (default: the best)").rare();
  // In llama-bench these take a value; elsewhere in llama.cpp they are switches.
  machine
      .add(
          "-nkvo,--no-kv-offload,-nopo,--no-op-offload,-embd,--embeddings,-mmp,--mmap,-dio,"
          "--direct-io,--no-host,--repack",
          options->no_effect, "of llama-bench: no effect here")
      .value("0|1")
      .rare();
  flags.take_foreign_flags();
  return [options] { return bench(*options); };
}

}  // namespace hearth::app
