// SPDX-License-Identifier: Apache-2.0
//
// logits: the raw float32 logits of every position of a token list, for comparing engines.
#include <fmt/format.h>

#include <cmath>

#include "base/file.h"
#include "command.h"
#include "compute_options.h"
#include "flags.h"
#include "model_source.h"
#include "output_file.h"
#include "process.h"
#include "token_ids.h"

namespace hearth::app {
namespace {

struct LogitsOptions {
  ModelArgument model;
  ComputeOptions compute;
  TokenListArgument tokens;
  std::string output;
};

Result<void> write_step(engine::LoadedModel& loaded, model::Sequence& sequence,
                        std::span<const model::TokenId> tokens, OutputFile& output) {
  model::Batch batch;
  const auto n = static_cast<std::uint32_t>(tokens.size());
  TRY(sequence.reserve(n));
  batch.sequences.push_back({sequence.blocks()});
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::uint32_t index = sequence.length() + i;
    const auto position = static_cast<std::int32_t>(index);
    batch.rows.push_back({.token = tokens[i],
                          .position = {position, position, position, position},
                          .kv_index = index,
                          .wanted = model::Wanted::logits});
  }
  loaded.forward().run(batch);
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::span<const float> logits = loaded.forward().logits(i);
    for (const float logit : logits)
      if (!std::isfinite(logit))
        return fail(ErrorCode::integrity, "{}: the logits at position {} are not finite",
                    loaded.gguf().file_name(), sequence.length() + i);
    TRY(output.write(std::as_bytes(logits)));
  }
  sequence.commit(n);
  return {};
}

Result<int> write_logits(const LogitsOptions& options) {
  if (options.output.empty()) return fail(ErrorCode::usage, "give an output file: -o out.f32");
  const std::string name = TRY(options.model.take());
  engine::LoadOptions load = TRY(options.compute.take());
  const std::vector<model::TokenId> tokens = TRY(options.tokens.take());

  load.needs_text = false;
  load.n_ubatch = std::min<std::uint32_t>(load.n_ubatch, static_cast<std::uint32_t>(tokens.size()));
  load.max_wanted = load.n_ubatch;
  if (load.n_ctx == 0) load.n_ctx = static_cast<std::uint32_t>(tokens.size());
  if (tokens.size() > load.n_ctx)
    return fail(ErrorCode::does_not_fit,
                "{} tokens do not fit into a context of {}; use a larger -c", tokens.size(),
                load.n_ctx);
  const fetch::FoundModel found = TRY(locate_model(name, options.model.offline()));
  options.compute.offer_prepared(found, load);
  const auto loaded =
      TRY(engine::LoadedModel::load(TRY(open_found(found, name)), load, go_on_until_interrupted));
  const std::uint32_t n_vocab = loaded->plan().hparams.n_vocab;
  for (const model::TokenId token : tokens)
    if (static_cast<std::uint32_t>(token) >= n_vocab)
      return fail(ErrorCode::usage, "token {} is outside the vocabulary of {} tokens", token,
                  n_vocab);

  OutputFile output = TRY(OutputFile::create(options.output));
  model::Sequence sequence(loaded->sequences());
  for (std::size_t at = 0; at < tokens.size(); at += loaded->limits().max_rows) {
    if (interrupted()) return fail(ErrorCode::cancelled, "interrupted");
    const std::size_t n = std::min<std::size_t>(loaded->limits().max_rows, tokens.size() - at);
    TRY(write_step(*loaded, sequence, std::span(tokens).subspan(at, n), output));
  }
  TRY(output.commit());
  return 0;
}

}  // namespace

Action declare_logits(Flags& flags) {
  auto options = std::make_shared<LogitsOptions>();
  options->model.declare(flags);
  options->compute.declare(flags);
  options->tokens.declare(flags);
  flags.add("-o,--output", options->output, "where the float32 values go ('-': standard output)")
      .value("FILE");
  return [options] { return write_logits(*options); };
}

}  // namespace hearth::app
