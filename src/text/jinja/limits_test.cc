// SPDX-License-Identifier: Apache-2.0
//
// Hostile templates: every one ends in an error, soon, on a small stack.
#include <gtest/gtest.h>
#include <pthread.h>

#include <functional>
#include <string>

#include "base/json.h"
#include "base/test_support.h"
#include "text/chat_template.h"

namespace hearth::text {
namespace {

std::string repeated(std::string_view text, std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += text;
  return out;
}

Result<std::string> render_within(std::string_view source, const Json& variables = Json::object(),
                                  const TemplateLimits& limits = {}) {
  const ChatTemplate parsed = TRY(ChatTemplate::parse(source, limits));
  return parsed.render(variables);
}

// As worker threads have it; a sanitizer makes frames some times larger.
constexpr std::size_t kSmallStack = std::size_t{test::kAddressSanitizer ? 2048 : 512} << 10;
constexpr std::uint64_t kSteps = test::kAddressSanitizer ? 300'000 : 1'000'000;

// Runs a task on a thread with such a stack.
void on_small_stack(std::function<void()> task) {
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, kSmallStack), 0);
  pthread_t thread;
  const auto body = [](void* argument) -> void* {
    (*static_cast<std::function<void()>*>(argument))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, body, &task), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

const std::vector<std::pair<std::string, std::string>>& hostile() {
  static const std::vector<std::pair<std::string, std::string>> kTemplates = {
      {"parentheses", "{{ " + repeated("(", 5000) + "1" + repeated(")", 5000) + " }}"},
      {"lists", "{{ " + repeated("[", 20000) + repeated("]", 20000) + " }}"},
      {"dicts", "{{ " + repeated("{1:", 10000) + "1" + repeated("}", 10000) + " }}"},
      {"open lists", "{{ " + repeated("[", 50000)},
      {"minus", "{{ " + repeated("-", 50000) + "1 }}"},
      {"not", "{{ " + repeated("not ", 20000) + "1 }}"},
      {"sum", "{{ 1" + repeated("+1", 30000) + " }}"},
      {"power", "{{ 1" + repeated("**1", 20000) + " }}"},
      {"conditions", "{{ 1" + repeated(" if 1 else 1", 10000) + " }}"},
      {"filters", "{{ 1" + repeated("|abs", 20000) + " }}"},
      {"attributes", "{{ x" + repeated(".a", 30000) + " }}"},
      {"calls", "{{ x" + repeated("()", 30000) + " }}"},
      {"tests", "{{ 1" + repeated(" is x(1", 10000)},
      {"ifs", repeated("{% if 1 %}", 10000)},
      {"loops", repeated("{% for x in y %}", 6000)},
      {"macros", repeated("{% macro m() %}", 6000)},
      {"targets", "{% set " + repeated("(", 20000) + "a"},
      {"recursive macro", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"},
      {"recursive macro with nesting",
       "{% macro m(x) %}{% if 1 %}{% for i in [1] %}{{ [[[m(x + 1)]]] }}{% endfor %}{% endif %}"
       "{% endmacro %}{{ m(0) }}"},
      {"mutual macros",
       "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{% call a() %}{% endcall %}{% "
       "endmacro %}{{ b() }}"},
      {"recursive loop", "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}"},
      {"range", "{{ range(10**9) }}"},
      {"long range",
       "{% for i in range(100000) %}{% for j in range(100000) %}{% for k in range(100000) %}{% "
       "endfor %}"
       "{% endfor %}{% endfor %}"},
      {"doubling",
       "{% set ns = namespace(s='x') %}{% for i in range(1000) %}{% set ns.s = ns.s ~ ns.s %}{% "
       "endfor %}"},
      {"doubling lists",
       "{% set ns = namespace(l=[1]) %}{% for i in range(1000) %}{% set ns.l = ns.l + ns.l %}{% "
       "endfor %}"},
      {"doubling blocks",
       "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set t %}{{ ns.s }}{{ ns.s }}{% "
       "endset %}"
       "{% set ns.s = t %}{% endfor %}"},
      {"many long strings",
       "{% set ns = namespace(l=[]) %}{% for i in range(1000) %}{% set ns.l = ns.l + ['x' * "
       "60000000] %}"
       "{% endfor %}"},
      {"repeat text", "{{ 'x' * 10**12 }}"},
      {"repeat list", "{{ [1] * 10**12 }}"},
      {"repeat empty",
       "{% for i in range(99999) %}{{ '' * 10**15 }}{% for j in range(99999) %}{{ j }}{% endfor "
       "%}{% endfor %}"},
      {"percent width", "{{ '%1000000000d' % 1 }}"},
      {"percent star", "{{ '%*d' % (10**12, 1) }}"},
      {"percent precision", "{{ '%.1000000000f' % 1 }}"},
      {"percent zeros", "{{ '%.1000000000d' % 1 }}"},
      {"brace width", "{{ '{:1000000000}'.format(1) }}"},
      {"brace precision", "{{ '{:.1000000000f}'.format(1.5) }}"},
      {"brace nesting", "{{ '" + repeated("{0:", 10000) + repeated("}", 10000) + "'.format(1) }}"},
      {"center", "{{ 'x'|center(10**9) }}"},
      {"ljust", "{{ 'x'.ljust(10**9) }}"},
      {"zfill", "{{ 'x'.zfill(10**9) }}"},
      {"indent", "{{ ('\n' * 10000)|indent(10**6, blank=true) }}"},
      {"expandtabs", "{{ '\t'.expandtabs(10**10) }}"},
      {"replace", "{{ ('x' * 10**6)|replace('', 'y' * 10**6) }}"},
      {"join", "{{ range(100000)|join('x' * 10**6) }}"},
      {"batch", "{{ [1]|batch(10**12, 0)|list }}"},
      {"slice", "{{ [1]|slice(10**12)|list }}"},
      {"deep value",
       "{% set ns = namespace(l=[]) %}{% for i in range(30000) %}{% set ns.l = [ns.l] %}{% endfor "
       "%}{{ ns.l }}"},
      {"deep json",
       "{% set ns = namespace(l=[]) %}{% for i in range(30000) %}{% set ns.l = [ns.l] %}{% endfor "
       "%}{{ ns.l|tojson }}"},
      {"deep equality",
       "{% set ns = namespace(l=[], m=[]) %}{% for i in range(30000) %}{% set ns.l = [ns.l] %}"
       "{% set ns.m = [ns.m] %}{% endfor %}{{ ns.l == ns.m }}"},
      {"deep hash",
       "{% set ns = namespace(t=()) %}{% for i in range(30000) %}{% set ns.t = (ns.t,) %}{% endfor "
       "%}{{ {ns.t: 1} }}"},
      {"deep pprint", "{% set ns = namespace(l=['" + repeated("x", 90) +
                          "']) %}{% for i in range(5000) %}{% set ns.l = [ns.l] %}"
                          "{% endfor %}{{ ns.l|pprint }}"},
      {"shared value",
       "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% "
       "endfor %}{{ ns.l }}"},
      {"shared json",
       "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% "
       "endfor %}"
       "{{ ns.l|tojson(indent=1000) }}"},
      {"iterator of iterators",
       "{% set ns = namespace(i=[1, 2]) %}{% for i in range(30000) %}{% set ns.i = ns.i|map('abs') "
       "%}"
       "{% endfor %}{{ ns.i|list }}"},
      {"namespace in itself", "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}"},
      {"kwargs", "{% macro m() %}{{ m(**kwargs) }}{% endmacro %}{{ m(a=1) }}"},
      {"big power", "{{ 10 ** 10 ** 10 }}"},
      {"time", "{{ strftime_now('%1000000000d' * 1000) }}"},
      {"sort", "{% for i in range(100000) %}{{ range(100000)|sort|length }}{% endfor %}"},
      {"scan", "{% set s = 'x' * 10**7 %}{% for i in range(100000) %}{{ 'y' in s }}{% endfor %}"},
      {"wide text",
       "{% set s = 'ß' * 10**6 %}{% for i in range(100000) %}{{ s[500000] }}{% endfor %}"},
  };
  return kTemplates;
}

// Expressions whose work is not in their steps, over what they need.
struct Costly {
  const char* setup;
  const char* expression;
};
constexpr Costly kCostly[] = {
    {"{% set s = 'x' * 10**6 %}{% set t = 'x' * 10**6 %}", "s == t"},
    {"{% set s = 'x' * 10**6 %}{% set t = 'x' * 10**6 %}", "s < t"},
    {"{% set s = 'x' * 10**6 %}{% set t = {s: 1} %}", "t[s]"},
    {"{% set s = 'a' * 10**6 %}{% set t = 'a' * 300000 ~ 'b' %}", "t in s"},
    {"{% set s = 'a' * 10**6 %}{% set t = 'a' * 20 ~ 'b' %}", "t in s"},
    {"{% set s = 'a' * 10**6 %}{% set t = 'a' * 300000 ~ 'b' %}", "s.find(t)"},
    {"{% set s = 'a' * 10**6 %}{% set t = 'b' ~ 'a' * 300000 %}", "s.rfind(t)"},
    {"{% set s = 'a' * 10**6 %}{% set t = 'a' * 300000 ~ 'b' %}", "s.count(t)"},
    {"{% set s = 'a' * 10**6 %}{% set t = 'a' * 300000 ~ 'b' %}", "s.split(t)|length"},
    {"{% set s = 'a' * 10**6 %}{% set t = 'b' ~ 'a' * 300000 %}", "s.rsplit(t)|length"},
    {"{% set s = 'a' * 10**6 %}{% set t = 'a' * 300000 ~ 'b' %}", "s.partition(t)|length"},
    {"{% set s = 'a' * 10**6 %}{% set t = 'a' * 300000 ~ 'b' %}", "s.replace(t, '')|length"},
    {"{% set s = 'a' * 10**6 %}{% set t = 'b' * 10**6 ~ 'a' %}", "s.strip(t)"},
    {"{% set s = 'x' ~ ' ' * 10**6 %}", "s|trim"},
    {"{% set s = '\u3000' * 10**6 %}", "s.strip()"},
    {"{% set s = '\n' * 10**6 %}", "s.splitlines()|length"},
    {"{% set s = '\n' * 10**6 %}", "s|indent|length"},
    {"{% set s = 'a ' * 10**6 %}", "s.split()|length"},
    {"{% set s = 'a ' * 10**6 %}", "s|title|length"},
    {"{% set s = 'a ' * 10**6 %}", "s|wordcount"},
    {"{% set s = ' ' * 10**6 %}", "s.istitle()"},
    {"{% set s = ' ' * 10**6 %}", "s is upper"},
    {"{% set s = 'a' * 10**6 %}", "s.isidentifier()"},
    {"{% set s = 'ß' * 10**6 %}", "s[500000]"},
    {"{% set s = 'ß' * 10**6 %}", "s[500000:499999:-1]"},
    {"{% set s = 'ß' * 10**6 %}", "s.startswith('x', 500000)"},
    {"{% set t = ('b',) * 10**5 %}", "'a'.startswith(t)"},
    {"{% set s = '\x01' * 10**6 %}", "[s]|string|length"},
    {"{% set s = '\x01' * 10**6 %}", "s|tojson|length"},
    {"{% set s = '&#65;' * 10**5 %}", "s|striptags|length"},
    {"{% set s = '<!--' * 10**5 %}", "s|striptags|length"},
    {"{% set s = '0' * 10**6 %}", "s|int"},
    {"{% set s = '0.' ~ '1' * 10**6 %}", "s|float"},
    {"{% set s = 'a b ' * 10**5 %}", "s|pprint|length"},
    {"", "('%.99999f' % 1e300)|length"},
    {"", "'{:.99999f}'.format(1e300)|length"},
    {"{% set s = '%A%B%c' * 600 %}", "strftime_now(s)|length"},
    {"{% set s = 'x' * 10**6 %}{% set t = [s ~ 'a', s ~ 'b'] * 20 %}", "t|sort|length"},
    {"{% set t = [[1, 1, 1, 1]] * 10**5 %}", "t|sort|length"},
    {"{% set t = range(100000) %}", "t|unique|list|length"},
    {"{% set t = range(100000) %}", "t|join|length"},
    {"{% set t = cycler(*range(100000)) %}", "t.items|length"},
    {"{% set s = 'a' * 10**6 %}{% set t = [] %}", "t[s] is defined"},
};

// A small part of the steps that are allowed, for there are many of these.
void expect_early_error(const std::string& name, const std::string& source) {
  const Result<std::string> text = render_within(source, Json::object(), {.max_steps = kSteps});
  EXPECT_FALSE(text) << name << ": " << text->substr(0, 200);
}

TEST(TemplateLimits, HostileTemplatesEndInErrors) {
  for (const auto& [name, source] : hostile()) expect_early_error(name, source);
}

// So few turns that the steps are enough for the loop alone, many times over.
TEST(TemplateLimits, WorkInsideOfFiltersAndMethodsCounts) {
  const auto turns_of = [](std::string_view expression) {
    return "{% for i in range(" + std::to_string(kSteps / 20) + ") %}{{ " +
           std::string(expression) + " }}{% endfor %}";
  };
  EXPECT_TRUE(render_within(turns_of("1"), Json::object(), {.max_steps = kSteps}));
  for (const Costly& costly : kCostly)
    expect_early_error(costly.expression, std::string(costly.setup) + turns_of(costly.expression));
}

TEST(TemplateLimits, AlsoOnASmallStack) {
  on_small_stack([] {
    for (const auto& [name, source] : hostile())
      if (name.find("repeat") == std::string::npos) {
        EXPECT_FALSE(render_within(source, Json::object(), {.max_steps = 200'000})) << name;
      }
  });
}

TEST(TemplateLimits, ASmallStackIsEnoughForDeepTemplates) {
  // As deep as real templates get, several times over: schemas rendered by a recursive macro.
  Json schema = {{"type", "string"}};
  for (int i = 0; i < 20; ++i) schema = {{"type", "object"}, {"properties", {{"inner", schema}}}};
  const std::string source =
      "{% macro render(s) %}{% if s.type == 'object' %}{% for name, inner in s.properties.items() "
      "%}{% if true %}"
      "{{ name ~ ':' ~ render(inner) }}{% endif %}{% endfor %}{% else %}{{ s.type }}{% endif %}{% "
      "endmacro %}{{ render(s) }}";
  on_small_stack([&] {
    const Result<std::string> text = render_within(source, {{"s", schema}});
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text, repeated("inner:", 20) + "string");
  });
}

TEST(TemplateLimits, ALongConversationIsQuick) {
  Json messages = Json::array();
  const std::string content =
      repeated("Wörter, many of them, for a turn of the conversation.\n", 20);
  while (messages.size() < 4000) {
    messages.push_back({{"role", "user"}, {"content", content}});
    messages.push_back({{"role", "assistant"}, {"content", "<think>\nhm\n</think>\n\n" + content}});
  }
  const std::string source =
      "{% set ns = namespace(all='') %}{% for m in messages %}{% set c = m.content %}{% if "
      "'</think>' in c %}"
      "{% set c = c.split('</think>')[-1].lstrip('\\n') %}{% endif %}{{ '<|im_start|>' + m.role + "
      "'\\n' + c | trim + '<|im_end|>\\n' }}"
      "{% set ns.all = ns.all ~ c[:100] %}{% set ns.all = ns.all + '.' %}{% endfor %}{{ ns.all | "
      "length }}";
  const Result<std::string> text = render_within(source, {{"messages", messages}});
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_GT(text->size(), std::size_t{4} << 20);
}

TEST(TemplateLimits, ALongConversationMayTakeMoreSteps) {
  const std::string source =
      "{% for a in messages %}{% for b in messages %}{{ '.' if a == b }}{% endfor %}{% endfor %}";
  Json messages = Json::array();
  for (int i = 0; i < 100; ++i) messages.push_back(std::to_string(i) + repeated("x", 50));
  const TemplateLimits few = {.max_steps = 10'000, .steps_per_byte = 0};
  EXPECT_FALSE(render_within(source, {{"messages", messages}}, few));
  const Result<std::string> text =
      render_within(source, {{"messages", messages}}, {.max_steps = 10'000, .steps_per_byte = 100});
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(text->size(), messages.size());
}

TEST(TemplateLimits, TheLimitsInUseEndWhatWouldNotEnd) {
  TemplateLimits in_use;
  if (test::kAddressSanitizer) in_use.max_steps = kSteps;  // one is some ten times slower there
  for (const char* source :
       {"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{{ range(10**9) }}",
        "{% set ns = namespace(s='x') %}{% for i in range(1000) %}{% set ns.s = ns.s ~ ns.s %}"
        "{% endfor %}",
        "{% for i in range(100000) %}{% for j in range(100000) %}{{ [i, j] | join('-') | upper }}"
        "{% endfor %}{% endfor %}"}) {
    EXPECT_FALSE(render_within(source, Json::object(), in_use)) << source;
  }
}

TEST(TemplateLimits, LimitsAreThoseThatWereGiven) {
  EXPECT_FALSE(ChatTemplate::parse("12345", {.max_source_bytes = 4}));
  EXPECT_FALSE(render_within("{{ 'x' * 100 }}", Json::object(), {.max_output_bytes = 99}));
  EXPECT_TRUE(render_within("{{ 'x' * 100 }}", Json::object(), {.max_output_bytes = 100}));
  EXPECT_FALSE(
      render_within("{% for i in range(100) %}{% endfor %}", Json::object(), {.max_steps = 50}));
  EXPECT_TRUE(render_within("{{ ((((((((1)))))))) }}", Json::object(), {.max_depth = 10}));
  EXPECT_FALSE(render_within("{{ 1+1+1+1+1+1+1+1+1+1+1+1 }}", Json::object(), {.max_depth = 10}));
}

}  // namespace
}  // namespace hearth::text
