// SPDX-License-Identifier: Apache-2.0
//
// What our own templates, one for each style of the field, tell about their models; and, where they
// are at hand, the templates of the field, held to a table that was written from what Python's
// jinja2 renders of them (tests/fixtures/templates/README.md).
#include "text/template_facts.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/test_support.h"
#include "text/template_test_util.h"

namespace hearth::text {
namespace {

using Arguments = ToolCallFormat::Arguments;

TemplateFacts facts_of(std::string_view source) {
  const Result<ChatTemplate> parsed = ChatTemplate::parse(source);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? probe_template(*parsed, {{"bos_token", "<s>"}, {"eos_token", "</s>"}})
                : TemplateFacts{};
}

TemplateFacts own(const std::string& name) {
  return facts_of(read_fixture(kTemplateFixtures + name + ".jinja"));
}

// before_name NAME name_to_arguments ARGUMENTS after_arguments
std::string call_of(const TemplateFacts& facts) {
  if (!facts.tool_call) return "no call";
  const ToolCallFormat& call = *facts.tool_call;
  return call.before_name + "NAME" + call.name_to_arguments +
         (call.arguments == Arguments::pairs
              ? "KEY" + call.key_to_value + "VALUE" + call.value_to_key + "KEY.." +
                    call.after_arguments
              : "ARGUMENTS" + call.after_arguments);
}

Json switch_of(const TemplateFacts& facts) {
  return to_json(facts).value("thinking_switch", Json());
}

TEST(TemplateFacts, PlainTurns) {
  const TemplateFacts facts = own("chatml");
  EXPECT_TRUE(facts.takes_system);
  EXPECT_TRUE(facts.takes_text);
  EXPECT_FALSE(facts.takes_parts);
  EXPECT_FALSE(facts.takes_tools);
  EXPECT_FALSE(facts.tool_call);
  EXPECT_TRUE(facts.takes_tool_results);  // it prints any role
  EXPECT_FALSE(facts.takes_thinking());
  EXPECT_TRUE(facts.switches.empty());
  EXPECT_EQ(facts.generation_prompt, "<|im_start|>assistant\n");
}

TEST(TemplateFacts, NoSystemButParts) {
  const TemplateFacts facts = own("turns_merged");
  EXPECT_FALSE(facts.takes_system);
  EXPECT_TRUE(facts.takes_parts);
  EXPECT_EQ(facts.generation_prompt, "<turn>model\n");
}

TEST(TemplateFacts, ARefusalIsANo) {
  const TemplateFacts facts = own("inst_pairs");
  EXPECT_TRUE(facts.takes_system);
  EXPECT_TRUE(facts.takes_text);
  EXPECT_FALSE(facts.takes_parts);  // raises
  EXPECT_EQ(facts.generation_prompt, "");
}

TEST(TemplateFacts, OneCallATurn) {
  const TemplateFacts facts = own("header_tools");
  EXPECT_TRUE(facts.takes_tools);
  EXPECT_TRUE(facts.takes_tool_results);
  EXPECT_TRUE(facts.takes_object_arguments);
  EXPECT_FALSE(facts.takes_string_arguments);  // would be quoted once more
  EXPECT_FALSE(facts.takes_parallel_calls);
  EXPECT_EQ(call_of(facts), "{\"name\": \"NAME\", \"parameters\": ARGUMENTS}");
  EXPECT_EQ(facts.tool_call->between_calls, "");
}

TEST(TemplateFacts, CallsInAListWithIds) {
  const TemplateFacts facts = own("bracket_tools");
  EXPECT_TRUE(facts.takes_tools);
  EXPECT_TRUE(facts.takes_parallel_calls);
  EXPECT_EQ(call_of(facts),
            "[TOOL_CALLS] [{\"name\": \"NAME\", \"arguments\": ARGUMENTS, \"id\": \"{id}\"}]");
  EXPECT_TRUE(facts.tool_call->shows_id);
  EXPECT_EQ(facts.tool_call->between_calls, ", \"id\": \"{id}\"}, {\"name\": \"");
}

TEST(TemplateFacts, CallsBetweenTagsAndASwitch) {
  const TemplateFacts facts = own("chatml_json_tools");
  EXPECT_TRUE(facts.takes_string_arguments);
  EXPECT_EQ(call_of(facts),
            "\n<tool_call>\n{\"name\": \"NAME\", \"arguments\": ARGUMENTS}\n</tool_call>");
  EXPECT_EQ(facts.tool_call->between_calls, "}\n</tool_call>\n<tool_call>\n{\"name\": \"");
  ASSERT_TRUE(facts.reasoning);
  EXPECT_EQ(facts.reasoning->field, "reasoning_content");
  EXPECT_FALSE(facts.reasoning->shown_in_past_turns);
  EXPECT_TRUE(facts.reasoning->shown_in_current_turn);
  EXPECT_EQ(facts.reasoning->before, "<think>\n");
  EXPECT_EQ(facts.reasoning->after, "\n</think>\n\n");
  EXPECT_EQ(switch_of(facts), Json({{"name", "enable_thinking"}, {"on", nullptr}, {"off", false}}));
  EXPECT_EQ(facts.prompt_thinking, PromptThinking::untouched);
  ASSERT_EQ(facts.switches.size(), 1U);
  EXPECT_TRUE(facts.switches[0].changes_prompt);
  EXPECT_EQ(Json(facts.switches[0].values), Json::array({false}));
}

TEST(TemplateFacts, ArgumentsAsPairs) {
  const TemplateFacts facts = own("think_xml_tools");
  EXPECT_TRUE(facts.takes_parts);
  EXPECT_TRUE(facts.takes_object_arguments);
  EXPECT_FALSE(facts.takes_string_arguments);
  EXPECT_TRUE(facts.strips_inline_thinking);
  EXPECT_EQ(call_of(facts),
            "\n<tool_call>NAME\n<arg_key>KEY</arg_key>\n<arg_value>VALUE</arg_value>\n<arg_key>"
            "KEY..</arg_value>\n</tool_call>");
  ASSERT_TRUE(facts.reasoning);
  EXPECT_EQ(facts.reasoning->before, "\n<think>");
}

TEST(TemplateFacts, Channels) {
  const TemplateFacts facts = own("channels");
  EXPECT_TRUE(facts.takes_tools);
  EXPECT_EQ(call_of(facts), " to=functions.NAME<|channel|>commentary<|message|>ARGUMENTS<|call|>");
  EXPECT_EQ(switch_of(facts), Json({{"name", "reasoning_effort"}}));
  ASSERT_EQ(facts.switches.size(), 1U);
  EXPECT_TRUE(facts.switches[0].prints_value);
  EXPECT_FALSE(facts.switches[0].changes_prompt);
}

TEST(TemplateFacts, ArgumentsLikeAFunctionCall) {
  const TemplateFacts facts = own("pythonic_calls");
  EXPECT_EQ(call_of(facts), "<calls>[NAME(KEY='VALUE', KEY..')]</calls>");
  EXPECT_EQ(facts.tool_call->between_calls, "'), ");
  EXPECT_EQ(facts.reasoning->field, "thinking");
  EXPECT_FALSE(facts.reasoning->shown_in_past_turns);
  EXPECT_FALSE(facts.thinking_switch);  // keep_thinking is about the past alone
  ASSERT_EQ(facts.switches.size(), 1U);
  EXPECT_FALSE(facts.switches[0].changes_new_chat);
}

TEST(TemplateFacts, ElementsAndAReasoningThatThePromptBegins) {
  const TemplateFacts facts = own("function_xml");
  EXPECT_EQ(call_of(facts),
            "\n\n<call>\n<function=NAME>\n<arg=KEY>\nVALUE\n</arg>\n<arg=KEY..\n</arg>\n"
            "</function>\n</call>");
  EXPECT_EQ(facts.prompt_thinking, PromptThinking::open);
  EXPECT_EQ(switch_of(facts), Json({{"name", "enable_thinking"}, {"on", nullptr}, {"off", false}}));
  EXPECT_TRUE(facts.strips_inline_thinking);
}

TEST(TemplateFacts, SectionsAndAReasoningAsAPart) {
  const TemplateFacts facts = own("sections_think_parts");
  EXPECT_EQ(call_of(facts),
            "<|calls begin|><|call begin|>NAME<|sep|>ARGUMENTS<|call end|><|calls end|>");
  EXPECT_EQ(facts.tool_call->between_calls, "<|call end|><|call begin|>");
  EXPECT_TRUE(facts.takes_string_arguments);
  ASSERT_TRUE(facts.reasoning);
  EXPECT_EQ(facts.reasoning->field, "content");
  EXPECT_EQ(facts.reasoning->before, "[THINK]");
  EXPECT_EQ(facts.reasoning->after, "[/THINK]");
  EXPECT_EQ(facts.prompt_thinking, PromptThinking::closed);
  EXPECT_EQ(switch_of(facts), Json({{"name", "thinking"}, {"on", true}, {"off", nullptr}}));
}

TEST(TemplateFacts, ThePromptBeginsTheReasoning) {
  const std::string turns =
      "{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' %}<think>"
      "{{ m.reasoning_content }}</think>{% endif %}{{ m.content }}{% endfor %}"
      "{% if add_generation_prompt %}<assistant><think>";
  const TemplateFacts always = facts_of(turns + "{% endif %}");
  ASSERT_TRUE(always.reasoning);
  EXPECT_EQ(always.reasoning->before, "<think>");
  EXPECT_EQ(always.reasoning->after, "</think>");
  EXPECT_TRUE(always.reasoning->shown_in_past_turns);
  EXPECT_EQ(always.prompt_thinking, PromptThinking::open);
  EXPECT_FALSE(always.thinking_switch);

  const TemplateFacts chosen =
      facts_of(turns + "{% if mode == 'off' %}</think>{% endif %}{% endif %}");
  EXPECT_EQ(switch_of(chosen), Json({{"name", "mode"}, {"on", nullptr}, {"off", "off"}}));
  const TemplateFacts wanted = facts_of(turns + "{% if not deep %}</think>{% endif %}{% endif %}");
  EXPECT_EQ(wanted.prompt_thinking, PromptThinking::closed);
  EXPECT_EQ(switch_of(wanted), Json({{"name", "deep"}, {"on", true}, {"off", nullptr}}));
}

TEST(TemplateFacts, AnExpensiveTemplateIsGivenUp) {
  std::string names;
  for (int i = 0; i < 100; ++i) names += "{% if v" + std::to_string(i) + " == 'x' %}{% endif %}";
  const std::string endless =
      "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}";
  const Result<ChatTemplate> hostile = ChatTemplate::parse(names + endless);
  ASSERT_TRUE(hostile) << hostile.error().message;
  EXPECT_FALSE(probe_template(*hostile, Json::object(), 2'000'000).takes_text);

  const Result<ChatTemplate> real =
      ChatTemplate::parse(read_fixture(kTemplateFixtures + "chatml.jinja"));
  ASSERT_TRUE(real) << real.error().message;
  EXPECT_TRUE(probe_template(*real, Json::object(), kMaxProbeSteps / 100).takes_text);
  EXPECT_FALSE(probe_template(*real, Json::object(), 0).takes_text);  // the budget is kept
}

TEST(TemplateFacts, OfTemplatesOfTheField) {
  const char* shared = std::getenv("HEARTH_SHARED_DATA");
  if (!shared) GTEST_SKIP() << "HEARTH_SHARED_DATA is not set: no templates of the field to probe";
  const Result<Json> table = parse_json(read_fixture(kTemplateFixtures + "field_facts.json"));
  ASSERT_TRUE(table);
  ASSERT_GE(table->size(), 47U);
  std::size_t n = 0;
  for (const auto& [name, expected] : table->items()) {
    if (test::kAddressSanitizer && n++ % 3 != 0) continue;  // ./check probes all in release
    const Json facts =
        to_json(facts_of(read_fixture(std::string(shared) + "/templates/" + name + ".jinja")));
    std::string takes;
    for (const auto& [key, value] : facts.items())
      if (key.starts_with("takes_") && value == true)
        takes += (takes.empty() ? "" : " ") + key.substr(std::string("takes_").size());
    EXPECT_EQ(takes, expected["takes"].get<std::string>()) << name;
    EXPECT_EQ(facts["prompt_thinking"], expected["prompt_thinking"]) << name;
    for (const char* part : {"tool_call", "reasoning", "thinking_switch"})
      EXPECT_EQ(facts.value(part, Json()), expected.value(part, Json())) << name;
  }
}

}  // namespace
}  // namespace hearth::text
