// SPDX-License-Identifier: Apache-2.0
#include "engine/token_rules.h"

#include "sample/dry_breakers.h"

namespace hearth::engine {

sample::SamplingParams TokenRules::applied(const Request& request) {
  sample::SamplingParams params = request.sampling;
  sample::forbid_tokens(params, tokenizer_.suppressed());
  if (request.ignore_end) {
    if (ends_.empty())
      for (std::size_t i = 0; i < tokenizer_.size(); ++i)
        if (const auto id = static_cast<TokenId>(i); tokenizer_.is_end_of_generation(id))
          ends_.push_back(id);
    sample::forbid_tokens(params, ends_);
  }
  if (params.dry_multiplier != 0 && params.dry_sequence_breakers.empty()) {
    if (breaker_texts_ != request.dry_breakers) {
      const sample::VocabularyView vocabulary{
          .size = tokenizer_.size(),
          .piece = [this](TokenId id) { return tokenizer_.bytes_of(id); },
          .tokenize =
              [this](std::string_view text) {
                std::vector<TokenId> ids;
                tokenizer_.encode(text, {.add_special = false, .parse_special = false}, ids);
                return ids;
              }};
      const std::vector<std::string_view> texts(request.dry_breakers.begin(),
                                                request.dry_breakers.end());
      breakers_ = sample::dry_breaker_sequences(vocabulary, texts);
      breaker_texts_ = request.dry_breakers;
    }
    params.dry_sequence_breakers = breakers_;
  }
  return params;
}

}  // namespace hearth::engine
