// SPDX-License-Identifier: Apache-2.0
#include "bench_server.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>

#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"
#include "bench_cases.h"
#include "bench_progress.h"
#include "process.h"
#include "traffic/report.h"
#include "traffic/run.h"

namespace hearth::app {
namespace {

constexpr std::uint32_t kMostTokens = 1 << 20, kMostRequests = 10'000'000, kMostWeight = 1'000'000;
constexpr std::uint32_t kUsualRequests = 100;
constexpr std::size_t kMaxPromptFile = std::size_t{1} << 30;

std::optional<double> parse_positive(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !(number > 0))
    return std::nullopt;
  return number;
}

// One number of a flag that takes lists elsewhere.
Result<std::uint32_t> parse_one(std::string_view flag, const std::vector<std::string>& texts,
                                std::uint32_t most, std::uint32_t otherwise) {
  const auto numbers = TRY(parse_numbers(flag, texts, 1, most));
  if (numbers.size() > 1) return fail(ErrorCode::usage, "{} takes one number with --server", flag);
  return numbers.empty() ? otherwise : numbers.front();
}

// "8:100,48"
Result<traffic::RequestClass> parse_mix(const std::string& text) {
  const std::size_t colon = text.find(':');
  traffic::RequestClass mix;
  const char* const end = text.data() + std::min(colon, text.size());
  const auto weight = std::from_chars(text.data(), end, mix.weight);
  const auto lengths = colon == std::string::npos ? parse_prompt_and_gen("")
                                                  : parse_prompt_and_gen(text.substr(colon + 1));
  if (weight.ec != std::errc() || weight.ptr != end || !lengths || mix.weight == 0 ||
      mix.weight > kMostWeight || lengths->first == 0 || lengths->second == 0 ||
      lengths->first > kMostTokens || lengths->second > kMostTokens)
    return fail(ErrorCode::usage,
                "--mix {}: give how many, and their lengths: 8:100,48 are eight with 100 tokens in "
                "and 48 out",
                printable(text, 60));
  mix.n_input = lengths->first;
  mix.n_output = lengths->second;
  return mix;
}

Result<std::vector<traffic::RequestClass>> parse_classes(const ServerBenchOptions& options,
                                                         const SharedBenchFlags& shared) {
  traffic::RequestClass usual;
  usual.n_input = TRY(parse_one("-p", shared.n_prompt, kMostTokens, usual.n_input));
  usual.n_output = TRY(parse_one("-n", shared.n_gen, kMostTokens, usual.n_output));
  if (options.mixes.empty()) return std::vector{usual};
  if (!shared.n_prompt.empty() || !shared.n_gen.empty())
    return fail(ErrorCode::usage, "--mix says all lengths: leave out -p and -n");
  std::vector<traffic::RequestClass> classes;
  for (const std::string& text : options.mixes) classes.push_back(TRY(parse_mix(text)));
  return classes;
}

Result<traffic::Goodput> parse_goodput(const std::vector<std::string>& texts) {
  traffic::Goodput goodput;
  for (const std::string& text : texts) {
    for (const std::string& item : split_names(text)) {
      const std::size_t colon = item.find(':');
      const std::string name = item.substr(0, colon);
      const auto limit =
          colon == std::string::npos ? std::nullopt : parse_positive(item.substr(colon + 1));
      std::optional<double>* const which = name == "ttft"                    ? &goodput.ttft
                                           : name == "tpot"                  ? &goodput.tpot
                                           : name == "itl"                   ? &goodput.itl
                                           : name == "e2e" || name == "e2el" ? &goodput.e2el
                                                                             : nullptr;
      if (which == nullptr || !limit)
        return fail(ErrorCode::usage,
                    "--goodput {}: give limits in milliseconds: ttft:200,itl:50; there are ttft, "
                    "tpot, itl and e2e",
                    printable(item, 60));
      *which = limit;
    }
  }
  return goodput;
}

Result<std::uint64_t> parse_seed(const std::string& text) {
  // Another one each time: with the prompts of the last run a server's cache would know them all.
  if (text.empty())
    return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count() /
                                      1000) &
           0xFFFFFFFF;
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(ErrorCode::usage, "--seed {}: give a whole number", printable(text, 60));
  return seed;
}

Result<traffic::Target> target_of(const ServerBenchOptions& options,
                                  const SharedBenchFlags& shared) {
  traffic::Target target;
  target.base_url = TRY(traffic::parse_base_url(options.url));
  target.api_key = options.api_key;
  target.is_chat = options.is_chat;
  target.ignores_end = options.ignores_end;
  if (!options.extra_body.empty()) {
    target.extra = TRY(parse_json(options.extra_body));
    if (!target.extra.is_object())
      return fail(ErrorCode::usage, "--extra-body: give a JSON object, as {{\"top_k\": 1}}");
  }
  const auto is_plain = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!std::ranges::all_of(options.api_key, is_plain))
    return fail(ErrorCode::usage, "--api-key holds characters that no key has");
  if (shared.models.size() > 1)
    return fail(ErrorCode::usage, "--server takes one model, under the server's name for it");
  if (!shared.models.empty()) target.model = shared.models.front();
  return target;
}

Result<traffic::RunOptions> run_options(const ServerBenchOptions& options,
                                        const SharedBenchFlags& shared) {
  traffic::RunOptions run;
  run.target = TRY(target_of(options, shared));
  traffic::Workload& workload = run.workload;
  workload.classes = TRY(parse_classes(options, shared));
  if (options.request_rate != "inf") {
    const auto rate = parse_positive(options.request_rate);
    if (!rate)
      return fail(ErrorCode::usage, "--request-rate {}: give requests a second, or inf",
                  printable(options.request_rate, 60));
    workload.rate = *rate;
  }
  if (!(options.burstiness >= 0.001F) || options.burstiness > 1000)
    return fail(ErrorCode::usage, "--burstiness {}: give a number from 0.001 to 1000",
                options.burstiness);
  workload.burstiness = options.burstiness;
  if (!(options.range_ratio >= 0) || !(options.range_ratio < 1))
    return fail(ErrorCode::usage, "--random-range-ratio {}: give a number from 0 to below 1",
                options.range_ratio);
  workload.range_ratio = options.range_ratio;
  workload.seed = TRY(parse_seed(options.seed));
  if (!options.prompt_file.empty()) {
    auto prompts = traffic::parse_prompts(TRY(read_file(options.prompt_file, kMaxPromptFile)));
    if (!prompts)
      return fail(prompts.error().code, "{}: {}", printable(options.prompt_file),
                  prompts.error().message);
    run.prompts = std::move(*prompts);
  }
  const auto n_usual =
      run.prompts.empty() ? kUsualRequests : static_cast<std::uint32_t>(run.prompts.size());
  workload.n_requests = options.n_prompts == 0 ? n_usual : options.n_prompts;
  if (workload.n_requests > kMostRequests || options.n_shared > kMostTokens)
    return fail(ErrorCode::usage, "at most {} requests and {} shared tokens", kMostRequests,
                kMostTokens);
  run.n_shared = options.n_shared;
  run.max_concurrency = TRY(parse_one("-np", shared.n_parallel, kMostRequests, UINT32_MAX));
  if (run.max_concurrency == UINT32_MAX) run.max_concurrency = SIZE_MAX;
  run.n_warmups = shared.no_warmup ? 0 : options.n_warmups;
  run.silence = std::chrono::seconds(options.silence_seconds);
  return run;
}

std::string progress_line(const traffic::RunProgress& progress) {
  return fmt::format("{}: {} of {} requests, {} at once{}", progress.what, progress.n_done,
                     progress.n_all, progress.n_active,
                     progress.n_failed == 0 ? "" : fmt::format(", {} failed", progress.n_failed));
}

}  // namespace

void ServerBenchOptions::declare(Flags flags) {
  flags
      .add("--server", url,
           "measure an OpenAI server under load (Hearth, llama-server, vLLM, Ollama): -p and -n "
           "are the lengths, -np how many at once, -m the server's name for the model")
      .value("URL");
  flags.add("--num-prompts", n_prompts, "requests to send (default 100)");
  flags.add("--request-rate", request_rate, "arrivals a second, or inf: all at once (default inf)")
      .value("R");
  flags.add("--burstiness", burstiness,
            "1: Poisson arrivals.rare(); below 1 in bursts, above steadier (default 1)");
  flags
      .add("--mix", mixes,
           "a kind of request, for a mix of several: --mix 8:100,48 --mix 1:4000,48")
      .value("WEIGHT:P,N");
  flags
      .add("--random-range-ratio", range_ratio,
           "lengths vary evenly by this share up and down (default 0)")
      .rare();
  flags.add("--shared-prefix,--random-prefix-len", n_shared,
            "tokens that begin every prompt and can be cached (default 0)");
  flags
      .add("--prompts,--dataset-path", prompt_file,
           "prompts of a file instead of random words: JSON lines with \"prompt\"")
      .value("FILE");
  flags
      .add("--goodput", goodput,
           "limits that a good request keeps, in milliseconds: ttft:200,tpot:50; also itl, e2e")
      .value("NAME:MS");
  flags.add("--chat", is_chat, "/v1/chat/completions instead of /v1/completions");
  flags.add("--ignore-eos", ignores_end, "ask for all tokens (default; off: as the model ends)");
  flags.add("--extra-body", extra_body, "fields that are added to each request")
      .value("JSON")
      .rare();
  flags.add("--api-key", api_key, "the server's key").value("KEY").variable("API_KEY");
  flags.add("--seed", seed, "of lengths, arrivals and words (default: another each time)")
      .value("N")
      .rare();
  flags.add("--num-warmups", n_warmups, "requests before the measurement (default 1)").rare();
  flags
      .add("--timeout", silence_seconds,
           "seconds without an event after which a request has failed (default 600)")
      .rare();
  flags.add("--save-detailed", with_details, "the times of each request, in the JSON formats")
      .rare();
}

std::string ServerBenchOptions::flag_without_server() const {
  const std::pair<const char*, bool> given[] = {{"--num-prompts", n_prompts != 0},
                                                {"--request-rate", request_rate != "inf"},
                                                {"--mix", !mixes.empty()},
                                                {"--shared-prefix", n_shared != 0},
                                                {"--prompts", !prompt_file.empty()},
                                                {"--goodput", !goodput.empty()},
                                                {"--chat", is_chat},
                                                {"--extra-body", !extra_body.empty()}};
  for (const auto& [name, is_given] : given)
    if (is_given && url.empty()) return name;
  return "";
}

Result<int> run_server_bench(const ServerBenchOptions& options, const SharedBenchFlags& shared) {
  if (shared.format != "md" && shared.format != "json" && shared.format != "jsonl")
    return fail(ErrorCode::usage, "--server has the formats md, json and jsonl");
  traffic::RunOptions run = TRY(run_options(options, shared));
  const traffic::Goodput goodput = TRY(parse_goodput(options.goodput));
  if (run.target.model.empty()) run.target.model = TRY(traffic::find_model(run.target));
  BenchProgress progress(shared.shows_progress);
  const traffic::RunWatch watch{
      .stop = interrupted_flag(),
      .on_progress = [&](const traffic::RunProgress& now) { progress.show(progress_line(now)); }};
  const traffic::RunResult result = TRY(traffic::run(run, watch));
  progress.hide();
  Json report;
  report["date"] = utc_now();
  report.update(traffic::make_report(run, result, goodput, options.with_details));
  if (shared.format == "md") {
    TRY(write_stdout(traffic::report_table(report)));
  } else {
    TRY(write_stdout(to_json_text(report, shared.format == "json" ? 2 : -1) + "\n"));
  }
  if (interrupted()) return exit_code(ErrorCode::cancelled);
  return report["completed"].get<std::uint64_t>() > 0 ? 0 : exit_code(ErrorCode::failed);
}

}  // namespace hearth::app
