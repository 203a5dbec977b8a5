// SPDX-License-Identifier: Apache-2.0
#include "sampling_options.h"

namespace hearth::app {

void SamplingOptions::declare(CLI::App& app) {
  app.add_option("-s,--seed", seed_, "seed of the random numbers (default: a fresh one)");
  app.add_option("--temp,--temperature", params_.temp, "temperature; 0 is greedy (default 0.8)");
  app.add_option("--top-k", params_.top_k, "keep the k likeliest tokens; 0: all (default 40)");
  app.add_option("--top-p", params_.top_p,
                 "keep the likeliest tokens that make up p (default 0.95)");
  app.add_option("--min-p", params_.min_p,
                 "keep tokens of at least p times the best one's chance (default 0.05)");
  app.add_option("--repeat-penalty", params_.repeat_penalty,
                 "divide the logits of recent tokens (default 1: off)");
  app.add_option("--repeat-last-n", params_.repeat_last_n,
                 "how many tokens are recent (default 64)");
  app.add_option("--presence-penalty", params_.presence_penalty,
                 "subtract from the logits of recent tokens");
  app.add_option("--frequency-penalty", params_.frequency_penalty,
                 "subtract for each time a token came up");
  app.add_flag("--greedy", greedy_, "always the likeliest token (the same as --temp 0)");
}

Result<sample::SamplingParams> SamplingOptions::take() const {
  sample::SamplingParams params = params_;
  if (greedy_) params.temp = 0;
  if (seed_ >= 0) params.seed = static_cast<std::uint64_t>(seed_);
  TRY(sample::validate(params));
  return params;
}

}  // namespace hearth::app
