// SPDX-License-Identifier: Apache-2.0
#include "markdown.h"

#include <gmock/gmock.h>

#include <random>

#include "terminal_text.h"

namespace hearth::app {
namespace {

std::string styled(std::string_view text, std::size_t n = 1000) {
  MarkdownStyler styler;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += n) out += styler.push(text.substr(at, n));
  return out + styler.finish();
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// Styles as letters: {b bold, {d dim, {c code, and } for the end of any.
std::string readable(std::string text) {
  replace_all(text, kBold, "{b");
  replace_all(text, kDim, "{d");
  replace_all(text, kCode, "{c");
  replace_all(text, kPlain, "}");
  return text;
}

std::string without_styles(std::string text) {
  for (const std::string_view style : {kBold, kDim, kCode, kPlain}) replace_all(text, style, "");
  return text;
}

TEST(Markdown, StylesWhatItKnows) {
  const std::pair<std::string, std::string> cases[] = {
      {"plain", "plain"},
      {"a **b c** d", "a {d**}{bb c}{d**} d"},
      {"**b**\nc", "{d**}{bb}{d**}\nc"},
      {"a `f(*p)` b", "a {d`}{cf(*p)}{d`} b"},
      {"``a`b``", "{d``}{ca`b}{d``}"},
      {"## Head `x`\ntext", "{d## }{bHead }{d`}{cx}{d`}\ntext"},
      {"- one\n* two\n12. three\n  + four\n> five",
       "{d- }one\n{d* }two\n{d12. }three\n{d  + }four\n{d>} five"},
      {"```cpp\nint **p; // `a`\n# no\n```\n**b**",
       "{d```cpp}\n{cint **p; // `a`}\n{c# no}\n{d```}\n{d**}{bb}{d**}"},
      {"~~~\n```\n~~~\nend", "{d~~~}\n{c```}\n{d~~~}\nend"},
      // No marks.
      {"2 * 3 ** 4", "2 * 3 ** 4"},
      {"#hash -x 1.5 *it*", "#hash -x 1.5 *it*"},
      {"-\n#\n1.\n---\n", "-\n#\n1.\n---\n"},
      {"5 **** 6", "5 **** 6"},
      {"a ` at the end`\nb", "a {d`}{c at the end}{d`}\nb"},
      // Never closed: no further than the line.
      {"a **b\nc", "a {d**}{bb}\nc"},
      {"a `b\nc", "a {d`}{cb}\nc"},
      {"ends in **", "ends in **"},
      {"ends in `", "ends in `"},
  };
  for (const auto& [text, expected] : cases)
    for (const std::size_t n : {1, 2, 3, 1000}) EXPECT_EQ(readable(styled(text, n)), expected) << n;
}

TEST(Markdown, LosesNothing) {
  std::mt19937 random(11);
  constexpr std::string_view kAlphabet = "**``#->~1. \n\na\tb\xC3\xA9";
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (int i = 0; i < 60; ++i) text += kAlphabet[random() % kAlphabet.size()];
    const std::string whole = styled(text);
    EXPECT_EQ(without_styles(whole), text);
    EXPECT_EQ(styled(text, 1 + random() % 5), whole);
    const std::size_t last = whole.rfind('\033');
    EXPECT_TRUE(last == std::string::npos || whole.substr(last).starts_with(kPlain));
  }
}

TEST(Markdown, HoldsLittleBack) {
  MarkdownStyler styler;
  EXPECT_EQ(styler.push("wor"), "wor");
  EXPECT_EQ(styler.push("ds *"), "ds ");
  EXPECT_EQ(styler.push(" "), "* ");
  EXPECT_EQ(styler.push(std::string(100, '*')).size(), 96U);
}

}  // namespace
}  // namespace hearth::app
