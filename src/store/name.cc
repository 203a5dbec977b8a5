// SPDX-License-Identifier: Apache-2.0
#include "store/name.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/escape.h"
#include "store/shards.h"

namespace hearth::store {
namespace {

constexpr std::size_t kMaxNameBytes = 128;
// What a reference to a model elsewhere starts with.
constexpr std::string_view kReserved[] = {"hf:", "ollama:", "llama.cpp:", "lmstudio:"};

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_name_character(char c) {
  return is_word_character(c) || c == '.' || c == '_' || c == ':' || c == '-';
}

// Levenshtein's distance: insertions, deletions and replacements of one byte.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

bool is_model_name(std::string_view name) {
  const bool reserved = std::ranges::any_of(
      kReserved, [&](std::string_view prefix) { return name.starts_with(prefix); });
  return !reserved && !name.empty() && name.size() <= kMaxNameBytes && is_word_character(name[0]) &&
         std::ranges::all_of(name, is_name_character) && !name.ends_with(".gguf");
}

Result<void> check_model_name(std::string_view name) {
  if (is_model_name(name)) return {};
  return fail(ErrorCode::usage,
              "'{}' is not a model name: up to {} of a-z 0-9 . _ : -, the first a letter or digit, "
              "and neither hf: at the start nor .gguf at the end",
              printable(name), kMaxNameBytes);
}

std::string name_for_file(std::string_view path) {
  std::string_view stem = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  if (const auto shard = parse_shard(stem)) stem = shard->prefix;
  if (stem.ends_with(".gguf")) stem.remove_suffix(5);
  std::string name;
  for (char c : stem) {
    c = to_lower(c);
    if (!is_name_character(c) || c == ':') c = '-';
    if (name.empty() && !is_word_character(c)) continue;
    if (name.size() < kMaxNameBytes) name.push_back(c);
  }
  return is_model_name(name) ? name : "model";
}

std::vector<std::string> nearest_names(std::string_view wanted,
                                       std::span<const std::string> names) {
  std::string word(wanted.substr(0, kMaxNameBytes));
  std::ranges::transform(word, word.begin(), to_lower);
  const std::size_t limit = std::max<std::size_t>(2, word.size() / 3);
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(word, name);
    const bool contains = word.size() >= 3 && name.find(word) != std::string::npos;
    if (distance <= limit || contains) near.emplace_back(contains ? 0 : distance, name);
  }
  std::ranges::sort(near);
  std::vector<std::string> result;
  for (auto& [distance, name] : near)
    if (result.size() < 3) result.push_back(std::move(name));
  return result;
}

}  // namespace hearth::store
