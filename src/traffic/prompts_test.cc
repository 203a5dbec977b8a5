// SPDX-License-Identifier: Apache-2.0
#include "traffic/prompts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "traffic/prompt_file.h"

namespace hearth::traffic {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::size_t n_words(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, ' ')) + 1;
}

TEST(Prompts, BeginDifferently) {
  const Prompts prompts(1, {}, 0);
  std::set<std::string> beginnings;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::string text = prompts.text(i, 40);
    EXPECT_EQ(n_words(text), 40u);
    EXPECT_EQ(text, prompts.text(i, 40));
    beginnings.insert(text.substr(0, 40));
  }
  EXPECT_EQ(beginnings.size(), 1000u);
  EXPECT_NE(Prompts(2, {}, 0).text(0, 40), prompts.text(0, 40));
}

TEST(Prompts, ShareABeginningWhenAsked) {
  const Prompts prompts(1, {}, 50);
  const std::string first = prompts.text(0, 10), second = prompts.text(1, 10);
  EXPECT_EQ(n_words(first), 60u);
  std::size_t n_same = 0;
  while (first[n_same] == second[n_same]) ++n_same;
  EXPECT_GE(n_words(first.substr(0, n_same)), 50u);
  EXPECT_LE(n_words(first.substr(0, n_same)), 53u);
}

TEST(TokenRule, IsTheLineThroughTwoPrompts) {
  // 10 tokens of a template, and 1.5 for each word.
  const TokenRule rule = TokenRule::through(4, 16, 36, 64);
  EXPECT_DOUBLE_EQ(rule.per_word, 1.5);
  EXPECT_DOUBLE_EQ(rule.fixed, 10);
  EXPECT_EQ(rule.words_for(160), 100u);
  EXPECT_EQ(rule.words_for(3), 1u) << "never none";
  const TokenRule none = TokenRule::through(4, 20, 36, 20);
  EXPECT_EQ(none.words_for(100), 100u) << "a server that does not count";
  EXPECT_EQ(n_words(Prompts(1, rule, 30).text(0, 160)), 20u + 100u)
      << "the template is counted once, with the words that differ";
}

TEST(PromptFile, ReadsBothForms) {
  const auto prompts = parse_prompts(
      "{\"prompt\": \"one\"}\n\n  \r\n{\"prompt\": \"two\", \"output_tokens\": 5}\r\n"
      "{\"id\": 1, \"conversations\": [{\"from\": \"human\", \"value\": \"three\"}, {}]}");
  ASSERT_TRUE(prompts) << prompts.error().message;
  ASSERT_EQ(prompts->size(), 3u);
  EXPECT_EQ((*prompts)[0].text, "one");
  EXPECT_FALSE((*prompts)[0].n_output);
  EXPECT_EQ((*prompts)[1].n_output, 5u);
  EXPECT_EQ((*prompts)[2].text, "three");
}

TEST(PromptFile, NamesTheLineThatIsWrong) {
  const auto refused = [](std::string_view text) {
    const auto prompts = parse_prompts(text);
    EXPECT_FALSE(prompts) << text;
    return prompts ? std::string() : prompts.error().message;
  };
  EXPECT_THAT(refused("{\"prompt\": \"a\"}\n{"), StartsWith("line 2: "));
  for (const char* line :
       {"7", "{}", "{\"prompt\": 7}", "{\"prompt\": \"\"}", "{\"conversations\": []}",
        "{\"conversations\": [7]}", "{\"conversations\": [{\"value\": []}]}"})
    EXPECT_THAT(refused(line), HasSubstr("there is no text"));
  for (const char* n : {"0", "-1", "1.5", "\"7\"", "99999999999"})
    EXPECT_THAT(refused("{\"prompt\": \"a\", \"output_tokens\": " + std::string(n) + "}"),
                HasSubstr("output_tokens"));
  EXPECT_THAT(refused(""), HasSubstr("no prompts"));
}

}  // namespace
}  // namespace hearth::traffic
