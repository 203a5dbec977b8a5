// SPDX-License-Identifier: Apache-2.0
#include "text/template_facts.h"

#include <dirent.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace hearth::text {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(file) << path;
  return text.str();
}

TemplateFacts facts_of(const std::string& path) {
  const Result<ChatTemplate> parsed = ChatTemplate::parse(read(path));
  EXPECT_TRUE(parsed) << path << ": " << parsed.error().message;
  return parsed ? probe_template(*parsed, {{"bos_token", "<s>"}, {"eos_token", "</s>"}})
                : TemplateFacts{};
}

TemplateFacts own(const std::string& name) {
  return facts_of(std::string(HEARTH_SOURCE_DIR) + "/tests/fixtures/templates/" + name + ".jinja");
}

TEST(TemplateFacts, PlainTurns) {
  const TemplateFacts facts = own("chatml");
  EXPECT_TRUE(facts.takes_system);
  EXPECT_TRUE(facts.takes_text);
  EXPECT_FALSE(facts.takes_parts);
  EXPECT_FALSE(facts.takes_tools);
  EXPECT_FALSE(facts.takes_tool_calls);
  EXPECT_FALSE(facts.reasoning);
  EXPECT_TRUE(facts.switches.empty());
  EXPECT_EQ(facts.generation_prompt, "<|im_start|>assistant\n");
}

TEST(TemplateFacts, NoSystemButParts) {
  const TemplateFacts facts = own("turns_merged");
  EXPECT_FALSE(facts.takes_system);
  EXPECT_TRUE(facts.takes_parts);
  EXPECT_EQ(facts.generation_prompt, "<turn>model\n");
}

TEST(TemplateFacts, OneCallATurn) {
  const TemplateFacts facts = own("header_tools");
  EXPECT_TRUE(facts.takes_tools);
  EXPECT_TRUE(facts.takes_tool_results);
  EXPECT_FALSE(facts.takes_parallel_calls);
  ASSERT_TRUE(facts.tool_call);
  EXPECT_EQ(facts.tool_call->arguments, ToolCallFormat::Arguments::json);
  EXPECT_EQ(facts.tool_call->before_name, "{\"name\": \"");
  EXPECT_EQ(facts.tool_call->name_to_arguments, "\", \"parameters\": ");
  EXPECT_EQ(facts.tool_call->after_arguments, "}");
  EXPECT_EQ(facts.tool_call->between_calls, "");
}

TEST(TemplateFacts, CallsInAListWithIds) {
  const TemplateFacts facts = own("bracket_tools");
  EXPECT_TRUE(facts.takes_parallel_calls);
  ASSERT_TRUE(facts.tool_call);
  EXPECT_TRUE(facts.tool_call->shows_id);
  EXPECT_EQ(facts.tool_call->arguments, ToolCallFormat::Arguments::json);
  EXPECT_EQ(facts.tool_call->before_name, "[TOOL_CALLS] [{\"name\": \"");
  EXPECT_EQ(facts.tool_call->name_to_arguments, "\", \"arguments\": ");
}

TEST(TemplateFacts, CallsBetweenTags) {
  const TemplateFacts facts = own("chatml_json_tools");
  EXPECT_TRUE(facts.takes_object_arguments);
  EXPECT_TRUE(facts.takes_string_arguments);
  EXPECT_TRUE(facts.takes_parallel_calls);
  ASSERT_TRUE(facts.tool_call);
  EXPECT_EQ(facts.tool_call->before_name, "\n<tool_call>\n{\"name\": \"");
  EXPECT_EQ(facts.tool_call->name_to_arguments, "\", \"arguments\": ");
  EXPECT_EQ(facts.tool_call->after_arguments, "}\n</tool_call>");
  EXPECT_EQ(facts.tool_call->between_calls, "}\n</tool_call>\n<tool_call>\n{\"name\": \"");
  ASSERT_TRUE(facts.reasoning);
  EXPECT_EQ(facts.reasoning->field, "reasoning_content");
  EXPECT_FALSE(facts.reasoning->shown_in_past_turns);
  EXPECT_TRUE(facts.reasoning->shown_in_current_turn);
  ASSERT_TRUE(facts.thinking_switch);
  const TemplateSwitch& thinking = facts.switches[*facts.thinking_switch];
  EXPECT_EQ(thinking.name, "enable_thinking");
  EXPECT_TRUE(thinking.changes_prompt);
  EXPECT_EQ(Json(thinking.values), Json::array({false}));
}

TEST(TemplateFacts, ArgumentsAsPairs) {
  const TemplateFacts facts = own("think_xml_tools");
  EXPECT_TRUE(facts.takes_parts);
  EXPECT_TRUE(facts.takes_object_arguments);
  EXPECT_FALSE(facts.takes_string_arguments);
  EXPECT_TRUE(facts.strips_inline_thinking);
  ASSERT_TRUE(facts.tool_call);
  EXPECT_EQ(facts.tool_call->arguments, ToolCallFormat::Arguments::pairs);
  EXPECT_EQ(facts.tool_call->before_name, "\n<tool_call>");
  EXPECT_EQ(facts.tool_call->name_to_arguments, "\n<arg_key>");
  EXPECT_EQ(facts.tool_call->key_to_value, "</arg_key>\n<arg_value>");
  EXPECT_EQ(facts.tool_call->value_to_key, "</arg_value>\n<arg_key>");
  EXPECT_EQ(facts.tool_call->after_arguments, "</arg_value>\n</tool_call>");
}

TEST(TemplateFacts, Channels) {
  const TemplateFacts facts = own("channels");
  EXPECT_TRUE(facts.takes_tools);
  ASSERT_TRUE(facts.tool_call);
  EXPECT_EQ(facts.tool_call->name_to_arguments, "<|channel|>commentary<|message|>");
  EXPECT_EQ(facts.tool_call->after_arguments, "<|call|>");
  ASSERT_TRUE(facts.thinking_switch);
  EXPECT_EQ(facts.switches[*facts.thinking_switch].name, "reasoning_effort");
  EXPECT_FALSE(facts.switches[*facts.thinking_switch].changes_prompt);
}

TEST(TemplateFacts, OfTemplatesOfTheField) {
  const char* shared = std::getenv("HEARTH_SHARED_DATA");
  if (!shared) GTEST_SKIP() << "HEARTH_SHARED_DATA is not set: no templates of the field to probe";
  const std::string folder = std::string(shared) + "/templates";
  DIR* open = opendir(folder.c_str());
  ASSERT_TRUE(open) << folder;
  int n = 0;
  int n_calls = 0;
  while (const dirent* entry = readdir(open)) {
    const std::string name = entry->d_name;
    if (!name.ends_with(".jinja")) continue;
    const TemplateFacts facts = facts_of(folder + "/" + name);
    ++n;
    n_calls += facts.takes_tool_calls;
    EXPECT_TRUE(facts.takes_text || facts.takes_parts) << name;
    // Whoever shows a call shows its arguments in one of the forms that we can tell apart.
    if (facts.tool_call) {
      EXPECT_NE(facts.tool_call->arguments, ToolCallFormat::Arguments::unknown) << name;
    }
    printf(
        "%-52s system %d parts %d tools %d calls %d parallel %d results %d object %d text %d "
        "reason %s switch %s\n",
        name.c_str(), facts.takes_system, facts.takes_parts, facts.takes_tools,
        facts.takes_tool_calls, facts.takes_parallel_calls, facts.takes_tool_results,
        facts.takes_object_arguments, facts.takes_string_arguments,
        facts.reasoning ? facts.reasoning->field.c_str() : "-",
        facts.thinking_switch ? facts.switches[*facts.thinking_switch].name.c_str() : "-");
  }
  closedir(open);
  EXPECT_GT(n, 0);
  EXPECT_GT(n_calls, n / 2);
}

}  // namespace
}  // namespace hearth::text
