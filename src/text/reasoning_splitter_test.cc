// SPDX-License-Identifier: Apache-2.0
#include "text/reasoning_splitter.h"

#include <gmock/gmock.h>

#include <random>

namespace hearth::text {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const ReasoningMarks kThink{"<think>", "</think>"};

// "A(answer)R(reasoning)M(mark)" for a text that arrives in pieces of n bytes.
std::string split(std::string_view text, std::size_t n, bool is_open = false,
                  const ReasoningMarks& marks = kThink) {
  ReasoningSplitter splitter(marks, is_open);
  std::vector<AnswerPiece> pieces;
  const auto add = [&pieces](std::vector<AnswerPiece> more) {
    for (AnswerPiece& piece : more) {
      if (!pieces.empty() && pieces.back().kind == piece.kind)
        pieces.back().text += piece.text;
      else
        pieces.push_back(std::move(piece));
    }
  };
  for (std::size_t at = 0; at < text.size(); at += n) add(splitter.push(text.substr(at, n)));
  add(splitter.finish());
  std::string shown;
  for (const AnswerPiece& piece : pieces) {
    shown += piece.kind == AnswerPiece::Kind::answer      ? 'A'
             : piece.kind == AnswerPiece::Kind::reasoning ? 'R'
                                                          : 'M';
    shown += "(" + piece.text + ")";
  }
  return shown;
}

struct Example {
  std::string text;
  bool is_open;
  std::string expected;
};

const std::vector<Example> kExamples = {
    {"", false, ""},
    {"just an answer", false, "A(just an answer)"},
    {" \n <thin air", false, "A( \n <thin air)"},
    {"<think>\nwhy not\n</think>\n\nYes.", false, "M(<think>\n)R(why not)M(\n</think>\n\n)A(Yes.)"},
    {"\n<think>a b\n\nc</think>d ", false, "M(\n<think>)R(a b\n\nc)M(</think>)A(d )"},
    {"<think></think>at once", false, "M(<think></think>)A(at once)"},
    {"<think>\n\n</think>\n\nat once", false, "M(<think>\n\n</think>\n\n)A(at once)"},
    {"<think>a < b </ c</think>d", false, "M(<think>)R(a < b </ c)M(</think>)A(d)"},
    // Begun by the prompt; some models write the mark all the same.
    {"\nwhy</think>so", true, "M(\n)R(why)M(</think>)A(so)"},
    {"<think>why</think>so", true, "M(<think>)R(why)M(</think>)A(so)"},
    // Only the first marks are marks.
    {"The tag <think> is </think>.", false, "A(The tag <think> is </think>.)"},
    {"<think>a</think>b<think>c</think>", false, "M(<think>)R(a)M(</think>)A(b<think>c</think>)"},
    {"<think>a<think>b</think>c", false, "M(<think>)R(a<think>b)M(</think>)A(c)"},
    // Cut short.
    {"<thi", false, "A(<thi)"},
    {"<think>half a thought \n</th", false, "M(<think>)R(half a thought \n</th)"},
    {"half", true, "R(half)"},
    {"", true, ""},
};

TEST(ReasoningSplitter, SplitsWhateverThePieces) {
  for (const Example& example : kExamples)
    for (const std::size_t n : {1, 2, 3, 5, 7, 8, 1000})
      EXPECT_EQ(split(example.text, n, example.is_open), example.expected)
          << example.text << " by " << n;
}

TEST(ReasoningSplitter, MarksMayBeLongAndOverlapThemselves) {
  const ReasoningMarks channels{"<|channel|>analysis<|message|>",
                                "<|end|><|start|>assistant<|channel|>final<|message|>"};
  const ReasoningMarks repetitive{"aab", "xxy"};
  for (const std::size_t n : {1, 4, 9, 1000}) {
    EXPECT_EQ(split(channels.open + "hm" + channels.close + "so", n, false, channels),
              "M(" + channels.open + ")R(hm)M(" + channels.close + ")A(so)");
    EXPECT_EQ(split(channels.open + "hm<|end|>", n, false, channels),
              "M(" + channels.open + ")R(hm<|end|>)");
    EXPECT_EQ(split("aabxxxxyb", n, false, repetitive), "M(aab)R(xx)M(xxy)A(b)");
    EXPECT_EQ(split("aaab", n, false, repetitive), "A(aaab)");
  }
}

TEST(ReasoningSplitter, LosesNothing) {
  std::mt19937 random(3);
  const std::string_view parts[] = {"<think>", "</think>", "<",    "/",     " ",
                                    "\n",      "x",        "</th", "think>"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) text += parts[random() % std::size(parts)];
    const bool is_open = round % 2 == 0;
    ReasoningSplitter splitter(kThink, is_open);
    std::string joined;
    for (std::size_t at = 0; at < text.size(); at += 3)
      for (const AnswerPiece& piece : splitter.push(std::string_view(text).substr(at, 3)))
        joined += piece.text;
    for (const AnswerPiece& piece : splitter.finish()) joined += piece.text;
    EXPECT_EQ(joined, text);
    EXPECT_EQ(split(text, 1, is_open), split(text, 1000, is_open));
  }
}

TEST(ReasoningSplitter, HoldsNothingBackThatIsDecided) {
  ReasoningSplitter splitter(kThink, false);
  const auto texts = [](const std::vector<AnswerPiece>& pieces) {
    std::vector<std::string> list;
    for (const AnswerPiece& piece : pieces) list.push_back(piece.text);
    return list;
  };
  EXPECT_THAT(texts(splitter.push("<thi")), IsEmpty());
  EXPECT_THAT(texts(splitter.push("nk>Well")), ElementsAre("<think>", "Well"));
  EXPECT_THAT(texts(splitter.push(", 1 <")), ElementsAre(", 1"));
  EXPECT_THAT(texts(splitter.push(" 2")), ElementsAre(" < 2"));
  EXPECT_THAT(texts(splitter.push("</think>\n")), ElementsAre("</think>\n"));
  EXPECT_THAT(texts(splitter.push("So <")), ElementsAre("So <"));
  EXPECT_THAT(texts(splitter.finish()), IsEmpty());
}

TEST(ReasoningMarks, ComeFromWhatTheTemplateWrites) {
  TemplateFacts facts;
  EXPECT_FALSE(reasoning_marks(facts));
  facts.strips_inline_thinking = true;
  EXPECT_EQ(reasoning_marks(facts), kThink);
  facts.reasoning = ReasoningFormat{.field = "reasoning_content"};
  EXPECT_EQ(reasoning_marks(facts), kThink);  // the texts around it were not found
  facts.reasoning->before = "\n[THINK]";
  facts.reasoning->after = "\n[/THINK]\n\n";
  EXPECT_EQ(reasoning_marks(facts), (ReasoningMarks{"[THINK]", "[/THINK]"}));
}

TEST(ReasoningMarks, MayEndThePrompt) {
  EXPECT_TRUE(opens_reasoning("<user>hi<assistant><think>\n", kThink));
  EXPECT_FALSE(opens_reasoning("<user>hi<assistant><think>\n\n</think>\n\n", kThink));
  EXPECT_FALSE(opens_reasoning("<user>what is <think>?<assistant>", kThink));
}

}  // namespace
}  // namespace hearth::text
