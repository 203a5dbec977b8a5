// SPDX-License-Identifier: Apache-2.0
//
// DRY, "don't repeat yourself" (p-e-w 2024): a token that would lengthen a repetition is punished
// exponentially in the repetition's length.
//
// Let h be the last dry_penalty_last_n tokens, and for each earlier end position the match length
// the number of tokens before it that equal the tokens before the end of h. A match counts at most
// up to the nearest sequence breaker. The token after a match of length m >= allowed would make it
// m + 1:
//   logit -= multiplier * base^(m - allowed)
// with the longest m for each token. A token that by itself is a breaker is spared.
#include <algorithm>

#include "sample/chain_internal.h"
#include "sample/numeric_internal.h"

namespace hearth::sample {
namespace {

// Distances count back from the newest token, which is 0.
struct Recent {
  std::span<const std::int32_t> tokens;
  std::size_t size() const { return tokens.size(); }
  std::int32_t operator[](std::size_t distance) const {
    return tokens[tokens.size() - 1 - distance];
  }
};

// How many tokens of `breaker` after its head follow the token at `distance`, or -1 if not all do.
std::ptrdiff_t breaker_tail_at(const Recent& recent, std::size_t distance,
                               std::span<const std::int32_t> breaker) {
  const std::size_t tail = breaker.size() - 1;
  if (tail > distance) return -1;
  for (std::size_t i = 0; i < tail; ++i) {
    if (recent[distance - i - 1] != breaker[i + 1]) return -1;
  }
  return static_cast<std::ptrdiff_t>(tail);
}

// The number of tokens after the nearest breaker: a repetition cannot reach across it. The nearest
// head decides, with the longest breaker that begins there.
std::size_t tokens_since_breaker(const Recent& recent,
                                 std::span<const std::vector<std::int32_t>> breakers) {
  for (std::size_t distance = 0; distance < recent.size(); ++distance) {
    std::ptrdiff_t longest = -1;
    for (const auto& breaker : breakers_with_head(breakers, recent[distance])) {
      longest = std::max(longest, breaker_tail_at(recent, distance, breaker));
    }
    if (longest >= 0) return distance - static_cast<std::size_t>(longest);
  }
  return recent.size();
}

// Z-algorithm: lengths[d] is the greatest m such that the m tokens ending d back equal the m
// newest.
void match_lengths(const Recent& recent, std::vector<std::int32_t>& lengths) {
  const std::size_t n = recent.size();
  if (lengths.capacity() < n) lengths.reserve(2 * n);  // it grows by one token a step
  lengths.assign(n, 0);
  std::size_t left = 0, right = 0;  // the match [left, right) that reaches furthest back
  for (std::size_t d = 1; d < n; ++d) {
    std::size_t m = 0;
    if (d < right) m = std::min(right - d, static_cast<std::size_t>(lengths[d - left]));
    while (d + m < n && recent[m] == recent[d + m]) ++m;
    lengths[d] = static_cast<std::int32_t>(m);
    if (d + m > right) {
      left = d;
      right = d + m;
    }
  }
}

}  // namespace

void apply_dry(const Step& step, Candidates& candidates) {
  const SamplingParams& params = step.params;
  std::span<const std::int32_t> tokens = step.history.tokens();
  if (params.dry_penalty_last_n >= 0) {
    tokens =
        tokens.last(std::min(tokens.size(), static_cast<std::size_t>(params.dry_penalty_last_n)));
  }
  const Recent recent{tokens};
  const auto allowed = static_cast<std::size_t>(params.dry_allowed_length);
  if (recent.size() <= allowed) return;
  const std::size_t limit = tokens_since_breaker(recent, params.dry_sequence_breakers);
  if (limit < allowed) return;

  match_lengths(recent, step.scratch.lengths);
  TokenCounts& repeats = step.scratch.repeats;
  if (!repeats.started()) repeats.start(step.vocab_size);
  repeats.clear();
  for (std::size_t d = 1; d < recent.size(); ++d) {
    const std::size_t m = std::min(static_cast<std::size_t>(step.scratch.lengths[d]), limit);
    if (m < allowed) continue;
    std::int32_t& longest = repeats[recent[d - 1]];
    longest = std::max(longest, static_cast<std::int32_t>(m));
  }

  candidates.begin_edits();
  for (const TokenCounts::Entry& entry : repeats.entries()) {
    bool spared = false;
    for (const auto& breaker : breakers_with_head(params.dry_sequence_breakers, entry.token)) {
      spared = spared || breaker.size() == 1;
    }
    float* logit = spared ? nullptr : candidates.find(entry.token);
    if (logit == nullptr || *logit == kDead) continue;
    const double power = exact_pow(params.dry_base, entry.count - params.dry_allowed_length);
    const double value = *logit - params.dry_multiplier * power;
    constexpr double kMax = std::numeric_limits<float>::max();
    *logit = static_cast<float>(std::clamp(value, -kMax, kMax));  // punished, never forbidden
  }
  candidates.end_edits();
}

}  // namespace hearth::sample
