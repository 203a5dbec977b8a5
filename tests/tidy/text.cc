// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "rules.h"

namespace hearth::tidy {
namespace {

constexpr const char* kExceptionsFile = "tools/tidy-exceptions.txt";
// Of scripts and build files; in C++ clang-format decides, to 100 columns.
constexpr std::size_t kMaxColumns = 120;
constexpr std::size_t kMaxFileBytes = 1 << 20;

// Bytes that start a UTF-8 sequence: close enough to columns for the few lines that are not ASCII.
std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(
      std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80; }));
}

bool has_word(std::string_view line, std::string_view word) {
  const auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  };
  for (std::size_t at = line.find(word); at != std::string_view::npos;
       at = line.find(word, at + 1)) {
    const bool starts = at == 0 || !is_word(line[at - 1]);
    const bool ends = at + word.size() >= line.size() || !is_word(line[at + word.size()]);
    if (starts && ends) return true;
  }
  return false;
}

bool is_script(const File& file) {
  return file.extension() == "sh" || file.extension() == "py" || file.text.starts_with("#!");
}

std::size_t size_limit(const File& file) {
  if (file.extension() == "h") return 300;
  if (file.is_test() || file.layer() == "kernels") return 800;
  return 600;
}

// "path: reason" lines.
std::set<std::string> exceptions_of(const Tree& tree) {
  std::set<std::string> paths;
  const File* file = tree.find(kExceptionsFile);
  if (file == nullptr) return paths;
  for (const std::string_view line : lines_of(file->text))
    if (!line.empty() && line[0] != '#') paths.emplace(line.substr(0, line.find(':')));
  return paths;
}

}  // namespace

Breaches check_sizes(const Tree& tree) {
  const std::set<std::string> exceptions = exceptions_of(tree);
  std::set<std::string> needed;
  Breaches breaches;
  for (const File& file : tree.files) {
    if (!file.is_cpp() || file.is_generated()) continue;
    const std::size_t n_lines = lines_of(file.text).size();
    if (n_lines <= size_limit(file)) continue;
    needed.insert(file.path);
    if (!exceptions.contains(file.path))
      breaches.push_back(
          fmt::format("{}: {} lines, the limit is {}: split it, or say why not in {}", file.path,
                      n_lines, size_limit(file), kExceptionsFile));
  }
  for (const std::string& path : exceptions)
    if (!needed.contains(path))
      breaches.push_back(fmt::format("{}: no longer needed: {}", kExceptionsFile, path));
  return breaches;
}

Breaches check_lines(const Tree& tree) {
  // Spelled in two halves so that this file is clean.
  const std::string marks[] = {std::string("FIX") + "ME", std::string("XX") + "X"};
  Breaches breaches;
  for (const File& file : tree.files) {
    const bool checked = file.is_cpp() || is_script(file) || file.extension() == "cmake" ||
                         file.name() == "CMakeLists.txt";
    const bool is_page = file.extension() == "md";
    if (file.is_generated() || file.is_fixture() || (!checked && !is_page)) continue;
    std::size_t number = 0;
    for (const std::string_view line : lines_of(file.text)) {
      const std::string where = fmt::format("{}:{}", file.path, ++number);
      if (checked && !file.is_cpp() && columns(line) > kMaxColumns &&
          line.find("://") == std::string_view::npos)
        breaches.push_back(fmt::format("{}: {} columns", where, columns(line)));
      if (checked && (line.ends_with(' ') || line.ends_with('\t') || line.ends_with('\r')))
        breaches.push_back(fmt::format("{}: white space at the end", where));
      for (const std::string& mark : marks)
        if (has_word(line, mark)) breaches.push_back(fmt::format("{}: a leftover {}", where, mark));
    }
    if (!file.text.empty() && !file.text.ends_with('\n'))
      breaches.push_back(fmt::format("{}: no new line at the end", file.path));
  }
  return breaches;
}

Breaches check_headers(const Tree& tree) {
  Breaches breaches;
  for (const File& file : tree.files) {
    if (file.is_fixture() || file.is_generated()) continue;
    if (file.is_cpp() || is_script(file)) {
      const auto lines = lines_of(file.text);
      const bool licensed = std::ranges::any_of(
          lines.begin(), lines.begin() + std::min<std::ptrdiff_t>(3, std::ssize(lines)),
          [](std::string_view line) {
            return line.find("SPDX-License-Identifier: ") != std::string_view::npos;
          });
      if (!licensed)
        breaches.push_back(fmt::format("{}: no SPDX line among the first three", file.path));
    }
    if (!file.is_cpp()) continue;
    if (file.extension() == "h" && file.text.find("\n#pragma once\n") == std::string::npos)
      breaches.push_back(fmt::format("{}: no #pragma once", file.path));
    std::size_t number = 0;
    for (const std::string_view line : lines_of(file.text)) {
      ++number;
      if (line.substr(std::min(line.size(), line.find_first_not_of(' ')))
              .starts_with("using namespace "))
        breaches.push_back(fmt::format("{}:{}: using namespace", file.path, number));
    }
  }
  return breaches;
}

Breaches check_files(const Tree& tree) {
  Breaches breaches;
  for (const File& file : tree.files) {
    if (file.is_link) breaches.push_back(fmt::format("{}: a symbolic link", file.path));
    if (file.is_fixture()) continue;
    if (file.text.size() > kMaxFileBytes)
      breaches.push_back(fmt::format("{}: {} bytes", file.path, file.text.size()));
    if (file.text.find('\0') != std::string::npos)
      breaches.push_back(fmt::format("{}: a binary file outside tests/fixtures", file.path));
  }
  return breaches;
}

}  // namespace hearth::tidy
