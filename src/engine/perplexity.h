// SPDX-License-Identifier: Apache-2.0
//
// How surprised a model is by a text: exp of the mean negative log-likelihood of its tokens.
// Counted as llama.cpp's llama-perplexity counts, so that the figures can be compared: the tokens
// are cut into windows of n_ctx, each read from an empty context; its first token is replaced by
// BOS where the model wants one; only the second half is scored, positions n_ctx / 2 to n_ctx - 2,
// each predicting the token after it. What is left at the end of the text is not used. One window
// is enough, where llama-perplexity asks for two: its value is the same, its error merely larger.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/running_mean.h"
#include "engine/loaded_model.h"

namespace hearth::engine {

struct PerplexityOptions {
  std::uint32_t n_ctx = 512;    // at least 3
  std::uint32_t n_windows = 0;  // at most so many; 0: all
  std::function<bool()> go_on;  // asked before each step; false ends with cancelled. May be null
};

struct Perplexity {
  std::uint32_t n_windows = 0;      // done so far
  std::uint32_t n_windows_all = 0;  // to be done
  RunningMean nll;                  // negative log-likelihood of a token, in nats
  double value() const;
  // Standard error of value(): that of the mean, carried through the exponential.
  double standard_error() const;
};

// on_window sees the state after each window. The model is loaded with a context of at least n_ctx
// and max_wanted = n_ubatch. Errors: usage for fewer tokens than a window; integrity for logits
// that are no numbers; cancelled.
Result<Perplexity> measure_perplexity(LoadedModel& model, std::span<const model::TokenId> tokens,
                                      const PerplexityOptions& options,
                                      const std::function<void(const Perplexity&)>& on_window);

}  // namespace hearth::engine
