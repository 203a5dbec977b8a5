// SPDX-License-Identifier: Apache-2.0
#include "engine/token_rules.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <cmath>

#include "base/file.h"
#include "base/test_support.h"
#include "engine/engine_test_util.h"
#include "format/gguf_writer.h"
#include "format/model_files.h"

namespace hearth::engine {
namespace {

TEST(TokenRules, IgnoringTheEndForbidsEveryTokenThatEnds) {
  const auto tokenizer = tiny_tokenizer();
  TokenRules rules(*tokenizer);
  Request request;
  EXPECT_EQ(rules.applied(request), request.sampling);
  request.ignore_end = true;
  const auto params = rules.applied(request);
  std::vector<TokenId> ends;
  for (TokenId id = 0; id < static_cast<TokenId>(tokenizer->size()); ++id)
    if (tokenizer->is_end_of_generation(id)) ends.push_back(id);
  ASSERT_FALSE(ends.empty());
  ASSERT_EQ(params.logit_bias.size(), ends.size());
  for (std::size_t i = 0; i < ends.size(); ++i)
    EXPECT_EQ(params.logit_bias[i], (sample::LogitBias{ends[i], -INFINITY}));
}

TEST(TokenRules, WhatTheFileForbidsIsForbiddenInEveryRequest) {
  const std::vector<std::string> tokens = {"<unk>", "<s>", "</s>", "a", "b", "c", "d"};
  const format::WriteModel model = {
      .metadata = {{"tokenizer.ggml.model", std::string("llama")},
                   {"tokenizer.ggml.tokens", tokens},
                   {"tokenizer.ggml.scores", std::vector<float>(tokens.size(), 0.0F)},
                   {"tokenizer.ggml.token_type", std::vector<std::int32_t>{2, 3, 3, 1, 1, 1, 1}},
                   {"tokenizer.ggml.suppress_tokens", std::vector<std::int32_t>{5, 6}}},
      .tensors = {}};
  const test::TempDir folder;
  const std::string path = folder.write("v.gguf", "");
  ASSERT_TRUE(format::write_gguf(UniqueFd(::open(path.c_str(), O_WRONLY)).get(), model));
  std::vector<format::NamedFd> shards;
  shards.push_back({open_for_read(path).value(), path});
  const auto files = format::ModelFiles::map(std::move(shards)).value();
  const auto tokenizer = text::Tokenizer::load(files->gguf()).value();
  TokenRules rules(*tokenizer);
  Request request;
  request.sampling.logit_bias = {{5, 100.0F}};
  EXPECT_THAT(rules.applied(request).logit_bias,
              testing::ElementsAre(sample::LogitBias{5, 100.0F}, sample::LogitBias{5, -INFINITY},
                                   sample::LogitBias{6, -INFINITY}));
}

TEST(TokenRules, BreakersBecomeTokensOnlyWhereDryActs) {
  const auto tokenizer = tiny_tokenizer();
  TokenRules rules(*tokenizer);
  Request request;
  request.dry_breakers = {"\n"};
  EXPECT_TRUE(rules.applied(request).dry_sequence_breakers.empty());
  request.sampling.dry_multiplier = 0.8F;
  for (const char* breaker : {"\n", ":", "\n"}) {  // a change, and a change back
    request.dry_breakers = {breaker};
    const auto sequences = rules.applied(request).dry_sequence_breakers;
    ASSERT_FALSE(sequences.empty());
    for (const auto& sequence : sequences)
      EXPECT_THAT(std::string(tokenizer->bytes_of(sequence[0])), testing::HasSubstr(breaker));
  }
  request.dry_breakers.clear();
  EXPECT_TRUE(rules.applied(request).dry_sequence_breakers.empty());
  request.dry_breakers = {"\n"};
  request.sampling.dry_sequence_breakers = {{5, 6}};
  EXPECT_EQ(rules.applied(request).dry_sequence_breakers,
            (std::vector<std::vector<TokenId>>{{5, 6}}));
}

}  // namespace
}  // namespace hearth::engine
