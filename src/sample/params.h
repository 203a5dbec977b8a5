// SPDX-License-Identifier: Apache-2.0
//
// Every knob of sampling as one plain value that can be copied, compared and serialised. Names,
// defaults and order are llama.cpp's, since users bring command lines and request bodies written
// for it; where Hearth differs, the field says so. Nothing here touches logits: see sampler.h.
//
// validate() is the one gate: a SamplingParams that passed it cannot make a Sampler misbehave. Its
// errors are of code usage and begin with the field's name as the HTTP API spells it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hearth::sample {

// The steps whose order a user can choose.
enum class SamplerKind : std::uint8_t {
  penalties,
  dry,
  top_n_sigma,
  top_k,
  typical_p,
  top_p,
  min_p,
  xtc,
  temperature,
  adaptive_p,
};

struct LogitBias {
  std::int32_t token = 0;
  float bias = 0;  // added to the logit; -infinity forbids the token
  bool operator==(const LogitBias&) const = default;
};

// A request that does not choose a seed gets a fresh one; Sampler::seed() tells which.
inline constexpr std::uint64_t kRandomSeed = 0xFFFFFFFF;

std::vector<SamplerKind> default_samplers();

struct SamplingParams {
  std::uint64_t seed = kRandomSeed;

  float temp = 0.8F;         // <= 0: greedy
  float dynatemp_range = 0;  // 0: off; else the temperature is temp -+ range by entropy
  float dynatemp_exponent = 1;
  std::int32_t top_k = 40;     // <= 0: off
  float top_p = 0.95F;         // >= 1: off
  float min_p = 0.05F;         // 0: off
  float typical_p = 1;         // >= 1: off
  float top_n_sigma = -1;      // <= 0: off
  float xtc_probability = 0;   // 0: off
  float xtc_threshold = 0.1F;  // > 0.5: off
  std::int32_t min_keep = 0;   // the truncating samplers leave at least this many tokens

  std::int32_t repeat_last_n = 64;  // window of the three penalties; 0: off, -1: everything so far
  float repeat_penalty = 1;         // 1: off
  float presence_penalty = 0;
  float frequency_penalty = 0;

  float dry_multiplier = 0;  // 0: off
  float dry_base = 1.75F;    // < 1: off
  std::int32_t dry_allowed_length = 2;
  std::int32_t dry_penalty_last_n = 64;  // 0: off, -1: everything so far
  // Token sequences that end a repetition, each a head and its tail: see dry_breakers.h.
  std::vector<std::vector<std::int32_t>> dry_sequence_breakers;

  int mirostat = 0;  // 1 or 2 replace every sampler but temperature
  float mirostat_tau = 5;
  float mirostat_eta = 0.1F;

  float adaptive_target = -1;   // < 0: off; used when samplers names adaptive_p
  float adaptive_decay = 0.9F;  // clamped to 0.99

  std::vector<LogitBias> logit_bias;  // applied before everything else; a repeated token adds up

  bool logprobs = false;             // fill Choice::logprob (n_probs > 0 implies it)
  std::int32_t n_probs = 0;          // how many of the likeliest tokens Choice::top lists
  bool post_sampling_probs = false;  // logprob and top describe the final distribution instead

  std::vector<SamplerKind> samplers = default_samplers();

  bool operator==(const SamplingParams&) const = default;
};

// What n_probs may be at most: Choice::top lives in a buffer of the request.
inline constexpr std::int32_t kMaxProbs = 1000;

// Checks every field against the others and, when vocab_size > 0, token ids against it.
Result<void> validate(const SamplingParams& params, std::size_t vocab_size = 0);

// ignore_eos and suppressed tokens: a bias of -infinity on each id.
void forbid_tokens(SamplingParams& params, std::span<const std::int32_t> ids);

// The value of --samplers: names split by ';', in any of the spellings that llama.cpp takes (top_k,
// top-k, topk, nucleus, temp, typ...), whatever their case. An unknown name is an error here, where
// llama.cpp only warns, and so is "infill". Empty text is an empty chain.
Result<std::vector<SamplerKind>> parse_sampler_names(std::string_view text);
// The value of --sampler-seq: one character each, e.g. "edskypmxt".
Result<std::vector<SamplerKind>> parse_sampler_chars(std::string_view text);

std::string_view name_of(SamplerKind kind);
char char_of(SamplerKind kind);
std::string sampler_names(std::span<const SamplerKind> kinds);  // "penalties;dry;..."

}  // namespace hearth::sample
