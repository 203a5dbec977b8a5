// SPDX-License-Identifier: Apache-2.0
#include "sample/dry_breakers.h"

#include <algorithm>

namespace hearth::sample {

namespace {
constexpr std::size_t kMaxBytes = 40;
constexpr std::size_t kMaxTail = 20;
}  // namespace

std::vector<std::vector<std::int32_t>> dry_breaker_sequences(
    const VocabularyView& vocabulary, std::span<const std::string_view> breakers) {
  std::vector<std::vector<std::int32_t>> sequences;
  for (std::string_view breaker : breakers) {
    breaker = breaker.substr(0, kMaxBytes);
    if (breaker.empty()) continue;
    // tails[n]: the tokens of the breaker without its first n bytes, made when first needed
    std::vector<std::vector<std::int32_t>> tails(breaker.size());
    for (std::size_t i = 0; i < vocabulary.size; ++i) {
      const auto id = static_cast<std::int32_t>(i);
      const std::string_view piece = vocabulary.piece(id);
      if (piece.find(breaker) != std::string_view::npos) {
        sequences.push_back({id});
        continue;
      }
      const std::size_t longest = std::min(breaker.size() - 1, piece.size());
      for (std::size_t n = 1; n <= longest; ++n) {
        if (!piece.ends_with(breaker.substr(0, n))) continue;
        if (tails[n].empty()) tails[n] = vocabulary.tokenize(breaker.substr(n));
        std::vector<std::int32_t> sequence{id};
        const std::size_t kept = std::min(tails[n].size(), kMaxTail);
        sequence.insert(sequence.end(), tails[n].begin(),
                        tails[n].begin() + static_cast<std::ptrdiff_t>(kept));
        sequences.push_back(std::move(sequence));
      }
    }
  }
  std::ranges::sort(sequences);
  const auto repeats = std::ranges::unique(sequences);
  sequences.erase(repeats.begin(), repeats.end());
  return sequences;
}

}  // namespace hearth::sample
