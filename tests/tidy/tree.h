// SPDX-License-Identifier: Apache-2.0
//
// The files of the repository as the rules see them: paths and texts in memory, so that a rule is a
// function from a tree to sentences, and can be tested on a tree that was made up.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::tidy {

struct File {
  std::string path;  // from the root of the repository
  std::string text;
  bool is_link = false;

  std::string_view name() const;       // after the last slash
  std::string_view extension() const;  // "cc", "h"; empty if none
  // The folder that layers are about: "base" for src/base/x.h, "apps" for everything below apps.
  std::string_view layer() const;
  bool is_generated() const;  // below a folder called generated
  bool is_fixture() const;    // data that tests and fuzzers read
  bool is_cpp() const;        // cc, h, inc
  bool is_test() const;
};

struct Tree {
  std::vector<File> files;

  const File* find(std::string_view path) const;  // nullptr if absent
  bool has(std::string_view path) const;          // a file or a folder
  void add(std::string path, std::string text);

 private:
  mutable std::set<std::string, std::less<>> known_;  // files and folders, filled on first use
};

// What git knows, untracked files that it does not ignore included; without git, everything outside
// build.
Tree read_tree(const std::string& root);

std::vector<std::string_view> lines_of(std::string_view text);

}  // namespace hearth::tidy
