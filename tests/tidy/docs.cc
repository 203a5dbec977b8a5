// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>
#include <string>

#include "rules.h"

namespace hearth::tidy {
namespace {

// Whether text in backticks means a file or folder of this repository: it starts with one of the
// top folders, or with "./", and has nothing in it that stands for something else (*, <name>,
// NAME).
bool looks_like_path(std::string_view text) {
  constexpr std::string_view kTops[] = {"src/",  "apps/",  "bench/", "tests/", "fuzz/",
                                        "docs/", "tools/", "cmake/", ".ci/",   "./"};
  const bool top =
      std::ranges::any_of(kTops, [&](std::string_view start) { return text.starts_with(start); });
  const bool plain = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
           c == '/';
  });
  return top && plain;
}

// Whether text in backticks means a test: "Suite.Name", as gtest prints it.
bool looks_like_test(std::string_view text) {
  const std::size_t dot = text.find('.');
  return dot != std::string_view::npos && dot + 1 < text.size() && text[0] >= 'A' &&
         text[0] <= 'Z' && std::ranges::all_of(text, [](char c) {
           return c == '.' || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                  (c >= 'A' && c <= 'Z');
         });
}

// All tests of the tree: "(Suite, Name)" behind TEST, TEST_F and TEST_P.
std::set<std::string> tests_of(const Tree& tree) {
  std::set<std::string> tests;
  for (const File& file : tree.files) {
    if (!file.path.ends_with("_test.cc")) continue;
    for (const std::string_view line : lines_of(file.text)) {
      const std::size_t open = line.find('('), comma = line.find(", "), close = line.find(')');
      if (!line.starts_with("TEST") || close == std::string_view::npos || comma > close) continue;
      tests.insert(fmt::format("{}.{}", line.substr(open + 1, comma - open - 1),
                               line.substr(comma + 2, close - comma - 2)));
    }
  }
  return tests;
}

// Every word in backticks that looks like a test is one.
void check_tests(const std::set<std::string>& tests, const File& page, std::size_t number,
                 std::string_view line, Breaches& breaches) {
  for (std::size_t open = line.find('`'); open != std::string_view::npos;) {
    const std::size_t close = line.find('`', open + 1);
    if (close == std::string_view::npos) break;
    const std::string_view text = line.substr(open + 1, close - open - 1);
    if (looks_like_test(text) && !tests.contains(std::string(text)))
      breaches.push_back(fmt::format("{}:{}: there is no test {}", page.path, number, text));
    open = line.find('`', close + 1);
  }
}

// "./try" is a file at the top; "./model.gguf" in an example is the reader's own.
bool exists(const Tree& tree, std::string_view path) {
  if (!path.starts_with("./")) return tree.has(path);
  return tree.has(path.substr(2)) || path.ends_with(".gguf");
}

void check_line(const Tree& tree, const File& page, std::size_t number, std::string_view line,
                Breaches& breaches) {
  for (std::size_t open = line.find('`'); open != std::string_view::npos;) {
    const std::size_t close = line.find('`', open + 1);
    if (close == std::string_view::npos) break;
    // The first word: `./check --soak` is about ./check.
    std::string_view text = line.substr(open + 1, close - open - 1);
    text = text.substr(0, text.find(' '));
    if (looks_like_path(text) && !exists(tree, text))
      breaches.push_back(fmt::format("{}:{}: there is no {}", page.path, number, text));
    open = line.find('`', close + 1);
  }
  for (std::size_t at = line.find("]("); at != std::string_view::npos;
       at = line.find("](", at + 1)) {
    std::string_view link = line.substr(at + 2, line.find(')', at) - at - 2);
    link = link.substr(0, link.find('#'));
    if (link.empty() || link.find("://") != std::string_view::npos) continue;
    std::string path = page.path.substr(0, page.path.rfind('/') + 1) + std::string(link);
    for (std::size_t up = path.find("/../"); up != std::string::npos; up = path.find("/../")) {
      const std::size_t start = up == 0 ? 0 : path.rfind('/', up - 1) + 1;
      path.erase(start, up + 4 - start);
    }
    if (!tree.has(path))
      breaches.push_back(fmt::format("{}:{}: there is no {}", page.path, number, path));
  }
}

// A fence that names a file ("```cpp src/a/x.h") shows a part of it: the lines up to the closing
// fence stand in that file, one after the other.
void check_excerpt(const Tree& tree, const File& page, std::size_t first,
                   std::span<const std::string_view> lines, Breaches& breaches) {
  const std::size_t space = lines[first].find(' ');
  if (space == std::string_view::npos) return;
  const std::string_view path = lines[first].substr(space + 1);
  const File* const file = tree.find(path);
  if (file == nullptr) {
    breaches.push_back(fmt::format("{}:{}: there is no {}", page.path, first + 1, path));
    return;
  }
  std::string excerpt = "\n";
  for (std::size_t i = first + 1; i < lines.size() && !lines[i].starts_with("```"); ++i)
    excerpt += std::string(lines[i]) + "\n";
  if (("\n" + file->text).find(excerpt) == std::string::npos)
    breaches.push_back(
        fmt::format("{}:{}: this is not the text of {}", page.path, first + 1, path));
}

}  // namespace

Breaches check_docs(const Tree& tree) {
  Breaches breaches;
  const std::set<std::string> tests = tests_of(tree);
  for (const File& page : tree.files) {
    if (page.extension() != "md") continue;
    const bool names_tests = page.path == "docs/what-hurts.md";
    const auto lines = lines_of(page.text);
    const std::size_t limit = page.path == "README.md"         ? 120
                              : page.path == "ARCHITECTURE.md" ? 200
                                                               : lines.size();
    if (lines.size() > limit)
      breaches.push_back(
          fmt::format("{}: {} lines, the limit is {}", page.path, lines.size(), limit));
    bool in_code = false;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].starts_with("```")) {
        in_code = !in_code;
        if (in_code) check_excerpt(tree, page, i, lines, breaches);
      }
      if (in_code) continue;
      check_line(tree, page, i + 1, lines[i], breaches);
      if (names_tests) check_tests(tests, page, i + 1, lines[i], breaches);
    }
  }
  return breaches;
}

}  // namespace hearth::tidy
