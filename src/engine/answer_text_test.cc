// SPDX-License-Identifier: Apache-2.0
#include "engine/answer_text.h"

#include <gmock/gmock.h>

#include <random>

#include "engine/engine_test_util.h"

namespace hearth::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// The first token of the test's vocabulary with these bytes.
TokenId token_of(const text::Tokenizer& tokenizer, std::string_view bytes) {
  for (TokenId id = 0; id < static_cast<TokenId>(tokenizer.size()); ++id)
    if (tokenizer.bytes_of(id) == bytes && tokenizer.kind_of(id) != text::TokenKind::control)
      return id;
  ADD_FAILURE() << "no token is " << bytes;
  return 0;
}

TEST(AnswerText, AnUnfinishedRuneKeepsItsTokens) {
  const auto tokenizer = tiny_tokenizer();
  const TokenId first = token_of(*tokenizer, "\xC3"), second = token_of(*tokenizer, "\xA9");
  const TokenId letter = token_of(*tokenizer, "a");
  AnswerText answer(*tokenizer, {});
  EXPECT_THAT(answer.push(letter, std::nullopt).tokens, ElementsAre(letter));
  const TextEvent nothing = answer.push(first, std::nullopt);
  EXPECT_EQ(nothing.text, "");
  EXPECT_THAT(nothing.tokens, IsEmpty());
  const TextEvent rune = answer.push(second, std::nullopt);
  EXPECT_EQ(rune.text, "\xC3\xA9");
  EXPECT_THAT(rune.tokens, ElementsAre(first, second));
  EXPECT_THAT(answer.push(first, std::nullopt).tokens, IsEmpty());
  const TextEvent rest = answer.finish();
  EXPECT_EQ(rest.text, "\xEF\xBF\xBD");
  EXPECT_THAT(rest.tokens, ElementsAre(first));
}

TEST(AnswerText, WhatMayBecomeAStopWaitsAndWhatIsOneNeverComes) {
  const auto tokenizer = tiny_tokenizer();
  const TokenId a = token_of(*tokenizer, "a"), b = token_of(*tokenizer, "b"),
                c = token_of(*tokenizer, "c");
  AnswerText answer(*tokenizer, {"bc"});
  EXPECT_THAT(answer.push(a, std::nullopt).tokens, ElementsAre(a));
  EXPECT_THAT(answer.push(b, std::nullopt).tokens, IsEmpty());
  const TextEvent no_stop = answer.push(a, std::nullopt);
  EXPECT_EQ(no_stop.text, "ba");
  EXPECT_THAT(no_stop.tokens, ElementsAre(b, a));
  EXPECT_THAT(answer.push(b, std::nullopt).tokens, IsEmpty());
  const TextEvent stop = answer.push(c, std::nullopt);
  EXPECT_TRUE(answer.stopped());
  EXPECT_EQ(stop.text, "");
  EXPECT_THAT(stop.tokens, IsEmpty());
  EXPECT_THAT(answer.finish().tokens, IsEmpty());
}

// Random tokens and stops: every event's positions are those of its tokens, nothing is lost or
// reordered, and after each event the bytes of the tokens given out cover the text given out.
TEST(AnswerText, TokensFollowTheirTextWhateverIsHeldBack) {
  const auto tokenizer = tiny_tokenizer();
  std::mt19937 random(7);
  int n_stopped = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> stops;
    if (round % 3 != 0) stops = {"ab", "abca", "\xC3\xA9"};
    const std::vector<TokenId> alphabet = {
        token_of(*tokenizer, "a"),    token_of(*tokenizer, "b"),    token_of(*tokenizer, "c"),
        token_of(*tokenizer, "\xC3"), token_of(*tokenizer, "\xA9"), *tokenizer->bos()};
    AnswerText answer(*tokenizer, stops);
    std::vector<TokenId> pushed, given;
    std::string shown, bytes;
    const auto take = [&](const TextEvent& event) {
      ASSERT_EQ(event.positions.size(), event.tokens.size());
      for (std::size_t i = 0; i < event.tokens.size(); ++i)
        EXPECT_EQ(event.positions[i].chosen.token, event.tokens[i]);
      given.insert(given.end(), event.tokens.begin(), event.tokens.end());
      shown += event.text;
    };
    for (int i = 0; i < 12 && !answer.stopped(); ++i) {
      const TokenId token = alphabet[random() % alphabet.size()];
      pushed.push_back(token);
      take(answer.push(token, Position{.chosen = {token, -1.0F, {}}, .likeliest = {}}));
      // Given tokens alone, decoded afresh, make all the text that was shown.
      text::StreamDecoder decoder(*tokenizer);
      std::string made;
      for (const TokenId id : given) made += decoder.push(id);
      made += decoder.finish();
      // A byte that became no rune is shown as soon as that is known, its token with what follows.
      if (shown.find("\xEF\xBF\xBD") != std::string::npos) continue;
      EXPECT_TRUE(made.starts_with(shown)) << made << " / " << shown;
    }
    if (answer.stopped()) {
      ++n_stopped;
      ASSERT_LE(given.size(), pushed.size());
      EXPECT_TRUE(std::equal(given.begin(), given.end(), pushed.begin()));
      continue;
    }
    take(answer.finish());
    EXPECT_EQ(given, pushed);
  }
  EXPECT_GT(n_stopped, 50);
  EXPECT_LT(n_stopped, 200);
}

}  // namespace
}  // namespace hearth::engine
