// SPDX-License-Identifier: Apache-2.0
#include "engine/prompt_change.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace hearth::engine {
namespace {

std::vector<TokenId> random_tokens(unsigned seed, std::size_t n) {
  std::mt19937 random(seed);
  std::vector<TokenId> tokens(n);
  for (TokenId& token : tokens) token = static_cast<TokenId>(random() % 30000);
  return tokens;
}

TEST(PromptChange, SomethingReplaced) {
  const auto past = random_tokens(1, 1000);
  auto prompt = past;
  for (std::size_t i = 0; i < 6; ++i) prompt[i] = -1;  // a time of day
  const PromptChange change = find_change(past, prompt);
  EXPECT_EQ(change.n_repeated, 1000u / 16 * 16 - 16);
  EXPECT_EQ(change.n_shifted, 0);
}

TEST(PromptChange, SomethingPutIn) {
  const auto past = random_tokens(2, 640);
  auto prompt = random_tokens(3, 37);
  prompt.insert(prompt.end(), past.begin(), past.end());
  const PromptChange change = find_change(past, prompt);
  EXPECT_EQ(change.n_repeated, 640u);
  EXPECT_EQ(change.n_shifted, 37);
}

TEST(PromptChange, SomethingLeftOut) {
  const auto past = random_tokens(4, 640);
  const std::vector<TokenId> prompt(past.begin() + 100, past.end());
  const PromptChange change = find_change(past, prompt);
  EXPECT_EQ(change.n_repeated, 528u);  // the runs from 112 on
  EXPECT_EQ(change.n_shifted, -100);
}

// Another text of the same kind, here of very few words, has nothing of the past in it.
TEST(PromptChange, AnotherConversationRepeatsNothing) {
  EXPECT_EQ(find_change(random_tokens(5, 3000), random_tokens(6, 3000)).n_repeated, 0u);
  auto few_words = [](unsigned seed) {
    auto tokens = random_tokens(seed, 3000);
    for (TokenId& token : tokens) token %= 50;
    return tokens;
  };
  EXPECT_EQ(find_change(few_words(7), few_words(8)).n_repeated, 0u);
  EXPECT_EQ(find_change({}, random_tokens(5, 100)).n_repeated, 0u);
  EXPECT_EQ(find_change(random_tokens(5, 100), {}).n_repeated, 0u);
}

// No token is counted twice, however often the prompt has it.
TEST(PromptChange, RepeatsNoMoreThanThereWas) {
  const auto past = random_tokens(9, 160);
  std::vector<TokenId> prompt;
  for (int i = 0; i < 5; ++i) prompt.insert(prompt.end(), past.begin(), past.end());
  EXPECT_EQ(find_change(past, prompt).n_repeated, 160u);
  const std::vector<TokenId> same(1000, 7);
  EXPECT_EQ(find_change(same, same).n_repeated, 16u);
}

}  // namespace
}  // namespace hearth::engine
