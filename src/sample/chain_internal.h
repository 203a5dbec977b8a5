// SPDX-License-Identifier: Apache-2.0
//
// The samplers, all of one shape: void apply_x(const Step&, Candidates&). Each lives in its own
// file under samplers/ and leaves at least one candidate if it was given one. The table in
// registry.cc is the only place that lists them. The last act of a step, drawing one token, is a
// Selector.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sample/candidates_internal.h"
#include "sample/history_internal.h"
#include "sample/params.h"
#include "sample/rng.h"

namespace hearth::sample {

// Buffers that samplers may use within one step; nothing in them outlives it.
struct Scratch {
  struct Ranked {
    double key;
    std::uint32_t index;
  };
  std::vector<Ranked> ranked;
  std::vector<std::int32_t> lengths;
  std::vector<std::uint8_t> flags;
  std::vector<double> probabilities;
  TokenCounts repeats;
};

// The breakers (sorted, none empty) whose first token is head.
inline std::span<const std::vector<std::int32_t>> breakers_with_head(
    std::span<const std::vector<std::int32_t>> breakers, std::int32_t head) {
  const auto front = [](const std::vector<std::int32_t>& breaker) { return breaker.front(); };
  return std::ranges::equal_range(breakers, head, {}, front);
}

// The parts of a request that never change, and its state as this step finds it.
struct Step {
  const SamplingParams& params;
  std::size_t vocab_size;
  const History& history;
  StepDraws draws;
  Scratch& scratch;
};

struct Drawn {
  std::int32_t id = 0;
  double probability = 1;
  Feedback next;  // what history should hold if this token is accepted
};

using ApplySampler = void (*)(const Step&, Candidates&);
using SelectToken = Drawn (*)(const Step&, Candidates&);

struct SamplerInfo {
  SamplerKind kind;
  std::string_view name;                // as --samplers spells it
  char letter;                          // as --sampler-seq spells it
  ApplySampler apply;                   // null for adaptive_p, which is a selector
  bool (*acts)(const SamplingParams&);  // false when the parameters turn it off
  enum Effect : std::uint8_t { edits, keeps_best, may_drop_best } effect;
};

std::span<const SamplerInfo> sampler_table();
const SamplerInfo& info_of(SamplerKind kind);

void apply_logit_bias(const Step& step, Candidates& candidates);
void apply_penalties(const Step& step, Candidates& candidates);
void apply_dry(const Step& step, Candidates& candidates);
void apply_top_n_sigma(const Step& step, Candidates& candidates);
void apply_top_k(const Step& step, Candidates& candidates);
void apply_typical_p(const Step& step, Candidates& candidates);
void apply_top_p(const Step& step, Candidates& candidates);
void apply_min_p(const Step& step, Candidates& candidates);
void apply_xtc(const Step& step, Candidates& candidates);
void apply_temperature(const Step& step, Candidates& candidates);
// The plain division by temp, without dynamic temperature; <= 0 leaves the best token alone.
void scale_by_temperature(double temp, Candidates& candidates);

// Draws from the candidates with the step's random number. probability is that of the drawn token.
Drawn draw(const Step& step, Candidates& candidates);
Drawn draw_mirostat_1(const Step& step, Candidates& candidates);
Drawn draw_mirostat_2(const Step& step, Candidates& candidates);
Drawn draw_adaptive(const Step& step, Candidates& candidates);
// What a fresh history holds.
Feedback first_feedback(const SamplingParams& params);

}  // namespace hearth::sample
