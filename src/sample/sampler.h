// SPDX-License-Identifier: Apache-2.0
//
// From one row of logits to one token, for one request. The front door of this folder.
//
//   auto sampler = TRY(Sampler::create(params, vocab_size));
//   sampler.accept_prompt(prompt_ids);               // penalties and DRY look back over the prompt
//   loop: auto choice = TRY(sampler.sample(logits, mask));  sampler.accept(choice.id);
//
// The order of work is: logit bias; the token mask; params.samplers in their order; the draw.
// sample() changes nothing that a later call can see: asked twice, it answers twice the same. State
// moves in accept() alone, and roll_back(n) undoes exactly n accepts (a speculative draft that
// failed). The answer is a function of seed, number of generated tokens, history and logits,
// whatever else runs and on whatever CPU: only IEEE add, multiply, divide and square root are used
// (numeric_internal.h).
//
// Ties are broken towards the lower id, everywhere. Errors of sample(), all of code failed and none
// changing state: a logit is NaN or +infinity; no token is left because the mask, the bias or the
// logits forbid all. One thread at a time; buffers are reused, so a step allocates nothing once the
// first has run. Copying is clone(): about 10 bytes per vocabulary entry and 4 per token of
// history.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/error.h"
#include "sample/logprobs.h"
#include "sample/params.h"
#include "sample/token_mask.h"

namespace hearth::sample {

struct Choice {
  std::int32_t id = 0;
  // The chance that this token had in the final distribution; 1 when greedy.
  float probability = 1;
  // Natural log of the token's probability in the model's own distribution: softmax of the logits
  // as given, before mask, bias and temperature. NaN unless params.logprobs or n_probs > 0. With
  // params.post_sampling_probs it is the log of probability instead.
  float logprob = 0;
  // The n_probs likeliest tokens of that distribution, best first (the chosen one may be missing).
  // Fewer when fewer have a probability above 0. Valid until the sampler's next call or its end.
  std::span<const TokenLogprob> top;
};

class Sampler {
 public:
  // usage if params are invalid (see validate). Draws a seed from the system when none was chosen.
  static Result<Sampler> create(SamplingParams params, std::size_t vocab_size);

  Sampler(Sampler&&) noexcept;
  Sampler& operator=(Sampler&&) noexcept;
  ~Sampler();
  Sampler clone() const;

  // logits has vocab_size entries; mask is null or of that size.
  Result<Choice> sample(std::span<const float> logits, const TokenMask* mask = nullptr);

  // Appends tokens that were not generated. Only before the first accept().
  void accept_prompt(std::span<const std::int32_t> ids);
  // Appends a generated token: normally what sample() just returned. A different one (forced by a
  // grammar, say) is fine; the adaptive samplers then learn nothing from this step.
  void accept(std::int32_t id);

  // How many tokens were accepted since the prompt; a checkpoint is this number.
  std::size_t n_generated() const;
  // Undoes the last n accepts, n <= n_generated(): every bit of state is as it was then.
  void roll_back(std::size_t n);

  std::uint64_t seed() const;  // the one in use, also when params asked for a random one
  const SamplingParams& params() const;
  std::size_t vocab_size() const;

 private:
  struct Impl;
  explicit Sampler(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::sample
