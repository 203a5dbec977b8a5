// SPDX-License-Identifier: Apache-2.0
#include "sample/params.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sample/dry_breakers.h"

namespace hearth::sample {
namespace {

TEST(Params, DefaultsAreValidAndInTheUsualOrder) {
  const SamplingParams params;
  EXPECT_TRUE(validate(params));
  EXPECT_EQ(sampler_names(params.samplers),
            "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature");
  std::string letters;
  for (const SamplerKind kind : params.samplers) letters += char_of(kind);
  EXPECT_EQ(letters, "edskypmxt");
  EXPECT_EQ(*parse_sampler_chars(letters), params.samplers);
  EXPECT_EQ(*parse_sampler_names(sampler_names(params.samplers)), params.samplers);
}

TEST(Params, NamesAreReadInEverySpelling) {
  using enum SamplerKind;
  EXPECT_EQ(*parse_sampler_names("top-k;topp;Nucleus;TEMP;typ;adaptive-p;min_p"),
            (std::vector{top_k, top_p, top_p, temperature, typical_p, adaptive_p, min_p}));
  EXPECT_TRUE(parse_sampler_names("")->empty());
  EXPECT_EQ(parse_sampler_names("top_k;tail_free").error().code, ErrorCode::usage);
  EXPECT_EQ(parse_sampler_names("top_k;;temp").error().code, ErrorCode::usage);
  EXPECT_EQ(parse_sampler_names("infill").error().code, ErrorCode::usage);
  EXPECT_EQ(parse_sampler_chars("kq").error().code, ErrorCode::usage);
  EXPECT_EQ(parse_sampler_chars("i").error().code, ErrorCode::usage);
}

// Each entry breaks one field; the message must begin with that field's name.
TEST(Params, ErrorsNameTheField) {
  const float nan = std::nanf(""), inf = std::numeric_limits<float>::infinity();
  const auto expect = [](std::string_view field, auto&& breakage) {
    SamplingParams params;
    breakage(params);
    const auto result = validate(params, 100);
    ASSERT_FALSE(result) << field;
    EXPECT_EQ(result.error().code, ErrorCode::usage);
    EXPECT_TRUE(result.error().message.starts_with(std::string(field) + ":"))
        << result.error().message;
  };
  expect("temperature", [&](auto& p) { p.temp = nan; });
  expect("temperature", [&](auto& p) { p.temp = inf; });
  expect("top_p", [&](auto& p) { p.top_p = -0.1F; });
  expect("top_p", [&](auto& p) { p.top_p = 1.01F; });
  expect("min_p", [&](auto& p) { p.min_p = 2; });
  expect("typical_p", [&](auto& p) { p.typical_p = -1; });
  expect("adaptive_target", [&](auto& p) { p.adaptive_target = 1.5F; });
  expect("repeat_penalty", [&](auto& p) { p.repeat_penalty = 0; });
  expect("repeat_penalty", [&](auto& p) { p.repeat_penalty = 1e-45F; });
  expect("repeat_last_n", [&](auto& p) { p.repeat_last_n = -2; });
  expect("mirostat", [&](auto& p) { p.mirostat = 3; });
  expect("n_probs", [&](auto& p) { p.n_probs = -1; });
  expect("logit_bias", [&](auto& p) { p.logit_bias = {{100, 1}}; });
  expect("logit_bias", [&](auto& p) { p.logit_bias = {{-1, 1}}; });
  expect("logit_bias", [&](auto& p) { p.logit_bias = {{5, inf}}; });
  expect("dry_sequence_breakers", [&](auto& p) { p.dry_sequence_breakers = {{}}; });
  expect("dry_sequence_breakers", [&](auto& p) { p.dry_sequence_breakers = {{1, 100}}; });
}

TEST(Params, WhatLlamaCppCallsOffIsValid) {
  SamplingParams params;
  params.temp = -1;
  params.top_k = -1;
  params.top_p = 1;
  params.typical_p = 1.5F;
  params.top_n_sigma = 0;
  params.dry_base = 0;
  const std::int32_t eos[] = {2, 3};
  forbid_tokens(params, eos);
  EXPECT_TRUE(validate(params, 4));
  EXPECT_EQ(params.logit_bias.size(), 2U);
}

// Tokens are single letters but for "x\n", "ab" and "\"\n".
TEST(DryBreakers, CoverEveryWayAStringCanBegin) {
  const std::vector<std::string> pieces{"\n", "x\n", "a", "b", "ab", "c", "\"\n"};
  const VocabularyView vocabulary{.size = pieces.size(),
                                  .piece = [&](std::int32_t id) -> std::string_view {
                                    return pieces[static_cast<std::size_t>(id)];
                                  },
                                  .tokenize =
                                      [](std::string_view text) {
                                        std::vector<std::int32_t> ids;
                                        for (const char c : text)
                                          ids.push_back(c == 'b' ? 3 : c == 'c' ? 5 : 0);
                                        return ids;
                                      }};
  const std::string_view newline[] = {"\n", ""};
  EXPECT_EQ(dry_breaker_sequences(vocabulary, newline),
            (std::vector<std::vector<std::int32_t>>{{0}, {1}, {6}}));
  const std::string_view abc[] = {"abc"};
  EXPECT_EQ(dry_breaker_sequences(vocabulary, abc),
            (std::vector<std::vector<std::int32_t>>{{2, 3, 5}, {4, 5}}));
}

}  // namespace
}  // namespace hearth::sample
