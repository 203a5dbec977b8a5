// SPDX-License-Identifier: Apache-2.0
#include "answer_view.h"

#include <gmock/gmock.h>

namespace hearth::app {
namespace {

const text::ReasoningMarks kMarks{"<think>", "</think>"};
const std::string kThoughtful = "<think>\n**a** \033[2J\n</think>\n\n**b** \033[2J";

std::string viewed(const ViewOptions& options, const std::string& text, std::size_t n,
                   std::optional<text::ReasoningMarks> marks = kMarks, bool is_thinking = false) {
  AnswerView view(options, std::move(marks), is_thinking);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += n) out += view.push(text.substr(at, n));
  return out + view.finish();
}

TEST(AnswerView, IsTheTextItselfInAPipe) {
  for (const std::size_t n : {1, 4, 100}) {
    EXPECT_EQ(viewed({}, kThoughtful, n), kThoughtful);
    EXPECT_EQ(viewed({.markdown = true}, kThoughtful, n), kThoughtful);
    EXPECT_EQ(viewed({}, kThoughtful, n, std::nullopt), kThoughtful);
  }
}

TEST(AnswerView, KeepsControlBytesFromATerminal) {
  for (const std::size_t n : {1, 4, 100})
    EXPECT_EQ(viewed({.on_terminal = true}, kThoughtful, n),
              "<think>\n**a** \\x1b[2J\n</think>\n\n**b** \\x1b[2J");
}

TEST(AnswerView, DimsOrHidesTheReasoning) {
  const std::string bold = "\033[2m**\033[0m\033[1mb\033[0m\033[2m**\033[0m";
  for (const std::size_t n : {1, 4, 100}) {
    EXPECT_EQ(viewed({.colour = true}, "<think>a</think>b", n), "\033[2m<think>a</think>\033[0mb");
    EXPECT_EQ(viewed({.colour = true}, "a</think>b", n, kMarks, true), "\033[2ma</think>\033[0mb");
    EXPECT_EQ(viewed({.colour = true}, "<think>cut", n), "\033[2m<think>cut\033[0m");
    EXPECT_EQ(viewed({.on_terminal = true, .colour = true, .markdown = true}, kThoughtful, n),
              "\033[2m<think>\n**a** \\x1b[2J\n</think>\n\n\033[0m" + bold + " \\x1b[2J");
    EXPECT_EQ(viewed({.hide_thinking = true}, kThoughtful, n), "**b** \033[2J");
    EXPECT_EQ(viewed({.hide_thinking = true}, "cut short", n, kMarks, true), "");
    EXPECT_EQ(viewed({.hide_thinking = true}, "no thought", n), "no thought");
  }
}

TEST(AnswerView, TellsWhileItHides) {
  AnswerView view({.hide_thinking = true}, kMarks, false);
  EXPECT_FALSE(view.is_hiding());
  EXPECT_EQ(view.push("<think>hm"), "");
  EXPECT_TRUE(view.is_hiding());
  EXPECT_EQ(view.push("</think>so"), "so");
  EXPECT_FALSE(view.is_hiding());
}

}  // namespace
}  // namespace hearth::app
