// SPDX-License-Identifier: Apache-2.0
//
// perplexity: how well a model predicts a text, counted as llama-perplexity counts.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "base/file.h"
#include "base/json.h"
#include "command.h"
#include "compute_options.h"
#include "engine/perplexity.h"
#include "flags.h"
#include "model_source.h"
#include "process.h"

namespace hearth::app {
namespace {

constexpr std::uint32_t kWindow = 512;
constexpr std::size_t kMaxText = std::size_t{1} << 30;

struct PerplexityOptions {
  ModelArgument model;
  ComputeOptions compute;
  std::string text_file;
  std::int32_t n_chunks = -1;
  bool json = false;
};

// As llama.cpp reads a file: without its last newline, and with no text taken for special tokens.
Result<std::vector<model::TokenId>> read_tokens(const engine::LoadedModel& loaded,
                                                const std::string& path) {
  std::string text = TRY(path == "-" ? read_all(0, kMaxText) : read_file(path, kMaxText));
  if (text.ends_with('\n')) text.pop_back();
  const text::Tokenizer& tokenizer = *loaded.tokenizer();
  if (tokenizer.adds_eos())
    return fail(ErrorCode::unsupported, "{}: perplexity needs a model that reads texts without EOS",
                loaded.gguf().file_name());
  std::vector<model::TokenId> tokens;
  tokenizer.encode(text, {.add_special = true, .parse_special = false}, tokens);
  return tokens;
}

// The running value on standard error: one line that changes on a terminal, else a line each.
void show_progress(const engine::Perplexity& so_far, double seconds) {
  const double left = seconds / so_far.n_windows * (so_far.n_windows_all - so_far.n_windows);
  const bool terminal = stderr_is_terminal();
  fmt::print(stderr, "{}window {} of {}: perplexity {:.4f}, {:.0f} s left{}",
             terminal ? "\r\033[K" : "", so_far.n_windows, so_far.n_windows_all, so_far.value(),
             left, terminal && so_far.n_windows < so_far.n_windows_all ? "" : "\n");
  std::fflush(stderr);
}

Result<int> measure(const PerplexityOptions& options) {
  const std::string name = TRY(options.model.take());
  engine::LoadOptions load = TRY(options.compute.take());
  if (options.text_file.empty())
    return fail(ErrorCode::usage, "give a text: -f FILE ('-': standard input)");
  if (options.n_chunks < -1)
    return fail(ErrorCode::usage, "--chunks {}: give a number of windows, or -1 for all",
                options.n_chunks);
  if (load.n_ctx == 0) load.n_ctx = kWindow;
  if (load.n_ctx < 3)
    return fail(ErrorCode::usage, "-c {}: a window has 3 tokens at least", load.n_ctx);
  load.n_ubatch = load.max_wanted = std::min(load.n_ubatch, load.n_ctx);
  const fetch::FoundModel found = TRY(locate_model(name, options.model.offline()));
  options.compute.offer_prepared(found, load);
  const auto loaded =
      TRY(engine::LoadedModel::load(TRY(open_found(found, name)), load, go_on_until_interrupted));
  const auto tokens = TRY(read_tokens(*loaded, options.text_file));

  using Clock = std::chrono::steady_clock;
  const auto started = Clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(Clock::now() - started).count();
  };
  Json running = Json::array();
  const engine::Perplexity result = TRY(engine::measure_perplexity(
      *loaded, tokens,
      {.n_ctx = load.n_ctx,
       .n_windows = static_cast<std::uint32_t>(std::max(options.n_chunks, 0)),
       .go_on = [] { return !interrupted(); }},
      [&](const engine::Perplexity& so_far) {
        running.push_back(so_far.value());
        show_progress(so_far, elapsed());
      }));

  if (options.json) {
    Json object;
    object["perplexity"] = result.value();
    object["standard_error"] = result.standard_error();
    object["mean_nll"] = result.nll.mean();
    object["mean_nll_standard_error"] = result.nll.standard_error();
    object["scored_tokens"] = result.nll.n();
    object["text_tokens"] = tokens.size();
    object["window"] = load.n_ctx;
    object["windows"] = result.n_windows;
    object["running"] = std::move(running);
    object["seconds"] = elapsed();
    TRY(write_stdout(to_json_text(object, 2) + "\n"));
  } else {
    TRY(write_stdout(fmt::format(
        "perplexity {:.4f} +/- {:.5f} ({} windows of {} tokens, {} scored)\n", result.value(),
        result.standard_error(), result.n_windows, load.n_ctx, result.nll.n())));
  }
  return 0;
}

}  // namespace

Action declare_perplexity(Flags& flags) {
  auto options = std::make_shared<PerplexityOptions>();
  options->model.declare(flags);
  options->compute.declare(flags, "tokens of a window (default 512)");
  flags.add("-f,--file", options->text_file, "the text ('-': standard input)").value("FILE");
  flags.add("--chunks", options->n_chunks, "most windows to measure (default -1: all)");
  flags.add("--json", options->json, "print an object");
  return [options] { return measure(*options); };
}

}  // namespace hearth::app
