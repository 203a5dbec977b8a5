// SPDX-License-Identifier: Apache-2.0
#include "sampling_options.h"

namespace hearth::app {

void SamplingOptions::declare(Flags& flags) {
  flags.add("-s,--seed", seed_, "seed of the random numbers (default: a fresh one)");
  flags.add("--temp,--temperature", params_.temp, "temperature; 0 is greedy (default 0.8)");
  flags.add("--top-k", params_.top_k, "keep the k likeliest tokens; 0: all (default 40)");
  flags.add("--top-p", params_.top_p, "keep the likeliest tokens that make up p (default 0.95)");
  flags.add("--min-p", params_.min_p,
            "keep tokens of at least p times the best one's chance (default 0.05)");
  flags.add("--repeat-penalty", params_.repeat_penalty,
            "divide the logits of recent tokens (default 1: off)");
  flags.add("--repeat-last-n", params_.repeat_last_n, "how many tokens are recent (default 64)");
  flags.add("--presence-penalty", params_.presence_penalty,
            "subtract from the logits of recent tokens");
  flags.add("--frequency-penalty", params_.frequency_penalty,
            "subtract for each time a token came up");
  flags.add("--greedy", greedy_, "always the likeliest token (the same as --temp 0)");
}

Result<sample::SamplingParams> SamplingOptions::take() const {
  sample::SamplingParams params = params_;
  if (greedy_) params.temp = 0;
  if (seed_ >= 0) params.seed = static_cast<std::uint64_t>(seed_);
  TRY(sample::validate(params));
  return params;
}

}  // namespace hearth::app
