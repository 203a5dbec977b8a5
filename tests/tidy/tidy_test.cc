// SPDX-License-Identifier: Apache-2.0
//
// First the rules on trees that are made up, to know that they bite; then on this repository.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "rules.h"
#include "store/known_models.h"
#include "tree.h"

namespace hearth::tidy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const Tree& repository() {
  static const Tree tree = read_tree(HEARTH_SOURCE_DIR);
  return tree;
}

Tree tree_of(std::initializer_list<std::pair<std::string, std::string>> files) {
  Tree tree;
  for (const auto& [path, text] : files) tree.add(path, text);
  return tree;
}

std::string all(const Breaches& breaches) {
  std::string text;
  for (const std::string& breach : breaches) text += "\n  " + breach;
  return text;
}

TEST(TidyRules, Layers) {
  Tree tree = tree_of({{"src/layers.txt", "low:\nmid: low\ntop: mid low\n"},
                       {"src/low/a.h", ""},
                       {"src/low/b.cc", "#include \"low/a.h\"\n#  include \"mid/c.h\"\n"},
                       {"src/mid/c.h", "#include \"low/a.h\"\n"},
                       {"src/top/d.h", "#include \"mid/c.h\"\n"},
                       {"src/new/e.h", "#include \"low/a.h\"\n"}});
  EXPECT_THAT(check_layers(tree), ElementsAre("src/low/b.cc:2: low may not include mid",
                                              "src/new/e.h:1: new is not in src/layers.txt"));
  EXPECT_THAT(check_unused_arrows(tree),
              ElementsAre("src/layers.txt: nothing in top includes low"));
}

TEST(TidyRules, LayerExceptionsAreCheckedBothWays) {
  const std::string rows = "low:\nmid: low\n";
  const std::string exception = "except src/low/b.cc -> mid/c.h: a reason\n";
  EXPECT_THAT(check_layers(tree_of({{"src/layers.txt", rows + exception},
                                    {"src/low/b.cc", "#include \"mid/c.h\"\n"},
                                    {"src/mid/c.h", ""}})),
              IsEmpty());
  EXPECT_THAT(check_layers(tree_of({{"src/layers.txt", rows + exception}})),
              ElementsAre(HasSubstr("no longer needed: src/low/b.cc -> mid/c.h")));
}

TEST(TidyRules, Includes) {
  EXPECT_THAT(
      check_includes(tree_of({{"src/a/x_internal.h", ""},
                              {"src/a/x.cc", "#include \"a/x_internal.h\"\n"},
                              {"src/b/y.cc",
                               "#include \"a/x_internal.h\"\n#include <regex>\n"
                               "#include \"a/gone.h\"\n"},
                              {"tests/t.cc", "#include <regex>\n"}})),
      ElementsAre("src/b/y.cc:1: a/x_internal.h is for a alone",
                  "src/b/y.cc:2: <regex> is banned in src", "src/b/y.cc:3: there is no a/gone.h"));
}

TEST(TidyRules, DeadFiles) {
  EXPECT_THAT(
      check_dead_files(tree_of({{"src/a/CMakeLists.txt", ""},
                                {"src/a/used.h", ""},
                                {"src/a/dead.h", ""},
                                {"src/a/deep/x.cc", "#include \"a/used.h\"\n"},
                                {"src/b/y.cc", ""}})),
      ElementsAre("src/a/dead.h: nobody includes it", "src/b/y.cc: no CMakeLists.txt compiles it"));
}

TEST(TidyRules, Sizes) {
  const std::string long_text(301, '\n');
  const Tree tree =
      tree_of({{"src/a/long.h", long_text},
               {"src/a/known.h", long_text},
               {"src/a/generated/table.h", long_text},
               {"src/a/fine.cc", long_text},
               {"tools/tidy-exceptions.txt", "# why\nsrc/a/known.h: x\ngone.h: y\n"}});
  EXPECT_THAT(check_sizes(tree), ElementsAre(HasSubstr("src/a/long.h: 301 lines, the limit is 300"),
                                             HasSubstr("no longer needed: gone.h")));
}

TEST(TidyRules, Lines) {
  const std::string mark = std::string("FIX") + "ME";
  EXPECT_THAT(
      check_lines(
          tree_of({{"tools/a.sh", std::string(121, 'x') + "\n// https://" + std::string(120, 'u') +
                                      "\nend \n// " + mark + "\nlast"},
                   {"src/b.cc", "\"/tmp/XXXXXX\" " + mark + "S\n"},
                   {"docs/page.md", std::string(150, 'w') + "\n"}})),
      ElementsAre("tools/a.sh:1: 121 columns", "tools/a.sh:3: white space at the end",
                  "tools/a.sh:4: a leftover " + mark, "tools/a.sh: no new line at the end"));
}

TEST(TidyRules, Headers) {
  const std::string licence = "// SPDX-License-Identifier: Apache-2.0\n";
  EXPECT_THAT(
      check_headers(tree_of({{"src/good.h", licence + "#pragma once\n"},
                             {"src/bad.h", "int x;\n"},
                             {"src/c.cc", licence + "using namespace std;\n"},
                             {"tool", "#!/bin/sh\n"}})),
      UnorderedElementsAre(HasSubstr("src/bad.h: no SPDX"), HasSubstr("src/bad.h: no #pragma once"),
                           "src/c.cc:2: using namespace", HasSubstr("tool: no SPDX")));
}

TEST(TidyRules, Files) {
  Tree tree = tree_of({{"a.bin", std::string("\0", 1)},
                       {"tests/fixtures/b.bin", std::string(2 << 20, '\0')},
                       {"big.txt", std::string(2 << 20, 'x')}});
  tree.files.push_back({.path = "link", .text = "", .is_link = true});
  EXPECT_THAT(check_files(tree),
              ElementsAre(HasSubstr("a.bin: a binary file"), HasSubstr("big.txt: 2097152 bytes"),
                          "link: a symbolic link"));
}

TEST(TidyRules, Docs) {
  EXPECT_THAT(check_docs(tree_of({{"src/a/x.h", ""},
                                  {"try", ""},
                                  {"docs/other.md", "[up](../README.md) [a](../src/a/x.h)\n"},
                                  {"README.md",
                                   "`src/a/x.h` `src/a` `src/a/` `./try it` `src/NAME.cc` `a/b`\n"
                                   "`src/gone.h` [page](docs/other.md#part) [no](docs/gone.md)\n"
                                   "```\n`src/gone.h`\n```\n"},
                                  {"ARCHITECTURE.md", std::string(201, '\n')}})),
              UnorderedElementsAre("README.md:2: there is no src/gone.h",
                                   "README.md:2: there is no docs/gone.md",
                                   HasSubstr("ARCHITECTURE.md: 201 lines")));
}

TEST(TidyRules, TestsThatPagesName) {
  EXPECT_THAT(
      check_docs(tree_of({{"src/a/x_test.cc", "TEST(Suite, Holds) {\nTEST_F(Other, Does_1) {\n"},
                          {"docs/other.md", "`Suite.Gone`\n"},
                          {"docs/what-hurts.md",
                           "`Suite.Holds` `Other.Does_1` `a.cc` `Suite`\n"
                           "`Suite.Gone`\n"}})),
      ElementsAre("docs/what-hurts.md:2: there is no test Suite.Gone"));
}

TEST(TidyRules, Excerpts) {
  EXPECT_THAT(check_docs(tree_of({{"src/a/x.h", "one\n  two\nthree\n"},
                                  {"docs/page.md",
                                   "```cpp src/a/x.h\none\n  two\n```\n"    // true
                                   "```cpp src/a/x.h\n  two\nthree\n```\n"  // true, to the end
                                   "```cpp src/a/x.h\ntwo\n```\n"           // not a whole line
                                   "```cpp src/a/x.h\none\nthree\n```\n"    // a gap
                                   "```\nanything\n```\n```sh\nls\n```\n"   // names no file
                                   "```cpp src/a/gone.h\none\n```\n"}})),
              ElementsAre("docs/page.md:9: this is not the text of src/a/x.h",
                          "docs/page.md:12: this is not the text of src/a/x.h",
                          "docs/page.md:22: there is no src/a/gone.h"));
}

#define TIDY_REPOSITORY_TEST(name, rule)               \
  TEST(TidyRepository, name) {                         \
    const Breaches breaches = rule(repository());      \
    EXPECT_THAT(breaches, IsEmpty()) << all(breaches); \
  }
TIDY_REPOSITORY_TEST(Layers, check_layers)
TIDY_REPOSITORY_TEST(UnusedArrows, check_unused_arrows)
TIDY_REPOSITORY_TEST(Includes, check_includes)
TIDY_REPOSITORY_TEST(DeadFiles, check_dead_files)
TIDY_REPOSITORY_TEST(Sizes, check_sizes)
TIDY_REPOSITORY_TEST(Lines, check_lines)
TIDY_REPOSITORY_TEST(Headers, check_headers)
TIDY_REPOSITORY_TEST(Files, check_files)
TIDY_REPOSITORY_TEST(Docs, check_docs)
#undef TIDY_REPOSITORY_TEST

// The scripts get the default model before anything is built, so they carry its facts a second
// time.
TEST(TidyRepository, ScriptsAndProgramAgreeOnTheDefaultModel) {
  const File* setup = repository().find("tools/setup.sh");
  ASSERT_NE(setup, nullptr);
  const store::KnownModel& model = store::known_models().front();
  for (const std::string& line :
       {"model_name=" + std::string(model.name), "model_file=" + std::string(model.file_name),
        "model_bytes=" + std::to_string(model.bytes), "model_sha256=" + std::string(model.sha256)})
    EXPECT_THAT(setup->text, HasSubstr("\n" + line + "\n"));
}

}  // namespace
}  // namespace hearth::tidy
