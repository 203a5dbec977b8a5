// SPDX-License-Identifier: Apache-2.0
//
// Our templates against what Python's jinja2 made of them (tools/templates/make_goldens.py), the
// wording of errors, and, where they are at hand, the templates of the field.
#include "text/chat_template.h"

#include <dirent.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/json.h"
#include "text/template_test_util.h"

namespace hearth::text {
namespace {

Json read_json(const std::string& path) {
  Result<Json> json = parse_json(read_fixture(path));
  EXPECT_TRUE(json) << path;
  return json ? *json : Json();
}

std::vector<std::string> names_in(const std::string& folder, const std::string& ending) {
  std::vector<std::string> names;
  DIR* open = opendir(folder.c_str());
  while (const dirent* entry = open ? readdir(open) : nullptr) {
    const std::string name = entry->d_name;
    if (name.ends_with(ending)) names.push_back(name.substr(0, name.size() - ending.size()));
  }
  if (open) closedir(open);
  std::sort(names.begin(), names.end());
  return names;
}

RenderOptions fixed_time() {
  std::tm now{};
  now.tm_year = 124;
  now.tm_mon = 6;
  now.tm_mday = 26;
  now.tm_hour = 15;
  now.tm_min = 4;
  now.tm_sec = 5;
  now.tm_wday = 5;
  now.tm_yday = 207;
  return {.now = now};
}

Result<std::string> render(std::string_view source, const Json& variables = Json::object()) {
  const ChatTemplate parsed = TRY(ChatTemplate::parse(source));
  return parsed.render(variables, fixed_time());
}

std::string error_of(std::string_view source, const Json& variables = Json::object()) {
  const Result<std::string> text = render(source, variables);
  return text ? "no error: " + *text : text.error().message;
}

class OwnTemplates : public testing::TestWithParam<std::string> {};

TEST_P(OwnTemplates, PrintWhatPythonPrints) {
  const Json shared = read_json(kTemplateFixtures + "goldens/conversations.json");
  const Result<ChatTemplate> parsed =
      ChatTemplate::parse(read_fixture(kTemplateFixtures + "" + GetParam() + ".jinja"));
  ASSERT_TRUE(parsed) << parsed.error().message;
  const Json cases = read_json(kTemplateFixtures + "goldens/" + GetParam() + ".json");
  ASSERT_FALSE(cases.empty());
  for (const Json& entry : cases) {
    Json variables = shared["tokens"];
    variables["messages"] = shared["conversations"][entry[0].get<std::string>()];
    variables["tools"] = shared["tools"][entry[1].get<std::size_t>()];
    variables["add_generation_prompt"] = entry[2];
    for (const auto& [name, value] : entry[3].items()) variables[name] = value;
    const Result<std::string> text = parsed->render(variables, fixed_time());
    const std::string label = to_json_text(Json::array({entry[0], entry[1], entry[2], entry[3]}));
    if (entry[4].is_null())
      EXPECT_FALSE(text) << label << *text;
    else if (!text)
      ADD_FAILURE() << label << text.error().message;
    else
      EXPECT_EQ(*text, entry[4].get<std::string>()) << label;
  }
}

INSTANTIATE_TEST_SUITE_P(All, OwnTemplates,
                         testing::ValuesIn(names_in(kTemplateFixtures, ".jinja")),
                         [](const auto& instance) { return instance.param; });

TEST(ChatTemplate, ExpressionsAreThoseOfPython) {
  const Json variables = read_json(kTemplateFixtures + "goldens/conversations.json")["variables"];
  for (const Json& entry : read_json(kTemplateFixtures + "goldens/expressions.json")) {
    const std::string source = entry[0].get<std::string>();
    const Result<std::string> text = render(source, variables);
    if (entry[1].is_null())
      EXPECT_FALSE(text) << source << "\n" << *text;
    else if (!text)
      ADD_FAILURE() << source << "\n" << text.error().message;
    else
      EXPECT_EQ(*text, entry[1].get<std::string>()) << source;
  }
}

TEST(ChatTemplate, ErrorsNameTheLineAndWhatIsWrong) {
  EXPECT_EQ(error_of("a\n{{ x.y }}"), "line 2: 'x' is undefined");
  EXPECT_EQ(error_of("{% if true %}\n\n{{ raise_exception('No \"tools\"!') }}{% endif %}"),
            "line 3: No \"tools\"!");
  EXPECT_EQ(error_of("{{ {'a': 1}.b.c }}"), "line 1: 'dict object' has no attribute 'b'");
  EXPECT_EQ(error_of("{{ [1][5] + 1 }}"), "line 1: list object has no element 5");
  EXPECT_EQ(error_of("{{ 1 + 'a' }}"),
            "line 1: unsupported operand type(s) for +: 'int' and 'str'");
  EXPECT_EQ(error_of("{{ 'a' + 1 }}"), "line 1: can only concatenate str (not \"int\") to str");
  EXPECT_EQ(error_of("{{ [].append(1) }}"),
            "line 1: access to attribute 'append' of 'list' object is unsafe.");
  EXPECT_EQ(error_of("{{ ''.__class__.mro() }}"),
            "line 1: access to attribute '__class__' of 'str' object is unsafe.");
  EXPECT_EQ(error_of("\n{% for x in y %}"),
            "line 2: Unexpected end of template. Jinja was looking for the following tags: "
            "'endfor' or 'else'. The "
            "innermost block that needs to be closed is 'for'.");
  EXPECT_EQ(error_of("{{ x|nope }}"), "line 1: No filter named 'nope'.");
  EXPECT_EQ(error_of("{{ x is nope }}"), "line 1: No test named 'nope'.");
  EXPECT_EQ(render("{% if false %}{{ x|nope }}{% endif %}fine").value_or("failed"), "fine");
  EXPECT_EQ(error_of("{% include 'x' %}"),
            "line 1: {% include %} is not supported in a chat template");
  EXPECT_EQ(error_of("{% extends 'x' %}"),
            "line 1: {% extends %} is not supported in a chat template");
  EXPECT_EQ(error_of("\n\n{% import 'x' as y %}"),
            "line 3: {% import %} is not supported in a chat template");
  EXPECT_EQ(error_of("{% nope %}"), "line 1: Encountered unknown tag 'nope'.");
  EXPECT_EQ(error_of("{% break %}"), "line 1: 'break' outside loop");
  EXPECT_EQ(error_of("{{ 'a }}"), "line 1: unexpected char ''' at 3");
  EXPECT_EQ(error_of("{{ (1] }}"), "line 1: unexpected ']', expected ')'");
  EXPECT_EQ(error_of("{# "), "line 1: Missing end of comment tag");
  EXPECT_EQ(
      error_of("{{ 170141183460469231731687303715884105727 + 1 }}"),
      "line 1: an integer beyond 128 bits: the template language of Hearth has none so large");
}

TEST(ChatTemplate, VariablesMustBeAnObject) {
  const Result<std::string> text = render("x", Json::array());
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::usage);
}

TEST(ChatTemplate, BytesThatAreNotUtf8) {
  EXPECT_FALSE(ChatTemplate::parse("a\xFF"));
  EXPECT_EQ(render("{{ x }}{{ x|length }}", {{"x", "a\xFF"}}).value_or("failed"),
            "a\xEF\xBF\xBD"
            "2");
}

TEST(ChatTemplate, TextThatGrowsInALoopStaysItself) {
  // Appending happens in place: what was taken before must not change with it.
  const std::string source =
      "{% set ns = namespace(s='', kept=[]) %}{% for i in range(50) %}{% set ns.s = ns.s ~ "
      "'abcdefgh' %}"
      "{% set ns.kept = ns.kept + [ns.s] %}{% set fork = ns.s + 'X' %}{% set ns.kept = ns.kept + "
      "[fork] %}{% endfor %}"
      "{% for k in ns.kept %}{{ k|length }},{{ k[-1] }};{% endfor %}";
  std::string expected;
  for (int i = 1; i <= 50; ++i) expected += fmt::format("{},h;{},X;", i * 8, i * 8 + 1);
  EXPECT_EQ(render(source).value_or("failed"), expected);
}

TEST(ChatTemplate, OneTemplateServesManyThreads) {
  const Result<ChatTemplate> parsed = ChatTemplate::parse(
      "{% set long = 'a constant of more than sixty-four bytes, so that appending would find room' "
      "%}"
      "{% for i in range(200) %}{{ long ~ i }}{% endfor %}{{ missing }}");
  ASSERT_TRUE(parsed);
  const std::string expected = parsed->render(Json::object()).value_or("failed");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i)
        EXPECT_EQ(parsed->render(Json::object()).value_or("failed"), expected);
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(ChatTemplate, TemplatesOfTheFieldParse) {
  const char* shared = std::getenv("HEARTH_SHARED_DATA");
  if (!shared) GTEST_SKIP() << "HEARTH_SHARED_DATA is not set: no templates of the field to parse";
  const std::string folder = std::string(shared) + "/templates";
  const std::vector<std::string> names = names_in(folder, ".jinja");
  ASSERT_FALSE(names.empty());
  for (const std::string& name : names) {
    const Result<ChatTemplate> parsed =
        ChatTemplate::parse(read_fixture(folder + "/" + name + ".jinja"));
    EXPECT_TRUE(parsed) << name << ": " << parsed.error().message;
  }
}

}  // namespace
}  // namespace hearth::text
