// SPDX-License-Identifier: Apache-2.0
#include "engine/thinking.h"

#include <gmock/gmock.h>

#include "engine/engine_test_util.h"

namespace hearth::engine {
namespace {

Thinking thinking_of(std::string_view source) {
  return find_thinking(text::ChatTemplate::parse(source).value(), *tiny_tokenizer());
}

// Turns as <role>content, with the reasoning of assistants between marks of one's choice.
std::string turns(const std::string& open, const std::string& close, const std::string& prompt) {
  return "{% for m in messages %}<{{ m.role }}>{% if m.reasoning_content %}" + open +
         "{{ m.reasoning_content }}" + close +
         "{% endif %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>" +
         prompt + "{% endif %}";
}

std::vector<TokenId> ids_of(std::string_view text) {
  std::vector<TokenId> ids;
  tiny_tokenizer()->encode(text, {.add_special = false}, ids);
  return ids;
}

TEST(Thinking, MarksAndSwitchComeFromTheTemplate) {
  const Thinking plain = thinking_of("{% for m in messages %}{{ m.content }}{% endfor %}");
  EXPECT_TRUE(plain.facts.open_mark.empty());
  EXPECT_TRUE(plain.facts.switch_name.empty());

  const Thinking thinking =
      thinking_of(turns("<think>\n", "\n</think>\n\n",
                        "{% if enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}"));
  EXPECT_EQ(thinking.facts.open_mark, "<think>");
  EXPECT_EQ(thinking.facts.close_mark, "</think>");
  EXPECT_EQ(thinking.facts.switch_name, "enable_thinking");
  EXPECT_EQ(thinking.facts.on_json, "null");
  EXPECT_EQ(thinking.facts.off_json, "false");
  EXPECT_TRUE(thinking.control_marks.empty());
}

TEST(Thinking, ControlTokensAmongTheMarksAreNamed) {
  const std::shared_ptr<const text::Tokenizer> tokenizer = tiny_tokenizer();
  const std::string control(tokenizer->spelling_of(tokenizer->bos().value()));
  const Thinking thinking = thinking_of(turns(control + "why", "!", ""));
  EXPECT_EQ(thinking.facts.open_mark, control + "why");
  EXPECT_EQ(thinking.control_marks, std::vector<TokenId>{tokenizer->bos().value()});
}

TEST(Thinking, ThePromptMayBeginIt) {
  const ThinkingFacts facts{.open_mark = "<think>", .close_mark = "</think>"};
  const std::shared_ptr<const text::Tokenizer> tokenizer = tiny_tokenizer();
  const auto opens = [&](std::string_view text) {
    return opens_thinking(facts, *tokenizer, ids_of(text));
  };
  EXPECT_TRUE(opens("<|im_start|>assistant\n<think>\n"));
  EXPECT_TRUE(opens(std::string(1000, 'x') + "<think>"));
  EXPECT_FALSE(opens("<|im_start|>assistant\n<think></think>"));
  EXPECT_FALSE(opens("<|im_start|>assistant\n"));
  EXPECT_FALSE(opens(""));
  EXPECT_FALSE(opens_thinking({}, *tokenizer, ids_of("<think>")));
}

}  // namespace
}  // namespace hearth::engine
