// SPDX-License-Identifier: Apache-2.0
#include "engine/perplexity.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "sample/softmax.h"

namespace hearth::engine {
namespace {

// Scores one window into nll.
Result<void> score_window(LoadedModel& loaded, std::span<const model::TokenId> tokens,
                          const PerplexityOptions& options, RunningMean& nll) {
  const std::uint32_t n_ctx = options.n_ctx, first = n_ctx / 2;
  const text::Tokenizer* const tokenizer = loaded.tokenizer();
  model::TokenId first_token = tokens[0];
  if (tokenizer != nullptr && tokenizer->adds_bos())
    first_token = tokenizer->bos().value_or(first_token);
  model::Sequence sequence(loaded.sequences());
  model::Batch batch;
  for (std::uint32_t at = 0; at < n_ctx; at += loaded.limits().max_rows) {
    if (options.go_on && !options.go_on()) return fail(ErrorCode::cancelled, "interrupted");
    const std::uint32_t n = std::min(loaded.limits().max_rows, n_ctx - at);
    TRY(sequence.reserve(n));
    batch.clear();
    batch.sequences.push_back({sequence.blocks()});
    for (std::uint32_t index = at; index < at + n; ++index) {
      const auto position = static_cast<std::int32_t>(index);
      const bool scored = index >= first && index + 1 < n_ctx;
      batch.rows.push_back({.token = index == 0 ? first_token : tokens[index],
                            .position = {position, position, position, position},
                            .kv_index = index,
                            .wanted = scored ? model::Wanted::logits : model::Wanted::nothing});
    }
    loaded.forward().run(batch);
    sequence.commit(n);
    std::uint32_t row = 0;
    for (std::uint32_t index = at; index < at + n; ++index) {
      if (batch.rows[index - at].wanted != model::Wanted::logits) continue;
      const std::span<const float> logits = loaded.forward().logits(row++);
      if (sample::has_bad_value(logits))
        return fail(ErrorCode::integrity, "{}: the logits at position {} are not finite",
                    loaded.gguf().file_name(), index);
      const auto next = static_cast<std::size_t>(tokens[index + 1]);
      nll.add(sample::log_sum_exp(logits) - logits[next]);
    }
  }
  return {};
}

}  // namespace

double Perplexity::value() const {
  return std::exp(nll.mean());
}

double Perplexity::standard_error() const {
  return value() * nll.standard_error();
}

Result<Perplexity> measure_perplexity(LoadedModel& loaded, std::span<const model::TokenId> tokens,
                                      const PerplexityOptions& options,
                                      const std::function<void(const Perplexity&)>& on_window) {
  CHECK(options.n_ctx >= 3 && options.n_ctx <= loaded.n_ctx());
  CHECK(loaded.limits().max_wanted >= loaded.limits().max_rows);
  const std::size_t n_windows = tokens.size() / options.n_ctx;
  if (n_windows == 0)
    return fail(ErrorCode::usage, "the text has {} tokens, which do not fill one window of {}",
                tokens.size(), options.n_ctx);
  Perplexity perplexity;
  perplexity.n_windows_all = static_cast<std::uint32_t>(n_windows);
  if (options.n_windows != 0)
    perplexity.n_windows_all = std::min(perplexity.n_windows_all, options.n_windows);
  while (perplexity.n_windows < perplexity.n_windows_all) {
    const std::size_t start = std::size_t{perplexity.n_windows} * options.n_ctx;
    TRY(score_window(loaded, tokens.subspan(start, options.n_ctx), options, perplexity.nll));
    ++perplexity.n_windows;
    if (on_window) on_window(perplexity);
  }
  return perplexity;
}

}  // namespace hearth::engine
