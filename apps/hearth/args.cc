// SPDX-License-Identifier: Apache-2.0
#include "args.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>
#include <string_view>

namespace hearth::app {
namespace {

// llama.cpp's spellings with one dash and several letters. CLI11 would read them as groups.
constexpr std::array<std::string_view, 7> kSingleDashLong = {"-ub",  "-ctk", "-ctv", "-tb",
                                                             "-ngl", "-sys", "-np"};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string rewrite(std::string_view arg) {
  const std::string_view name = arg.substr(0, arg.find('='));
  if (std::find(kSingleDashLong.begin(), kSingleDashLong.end(), name) != kSingleDashLong.end())
    return "-" + std::string(arg);
  if (!arg.starts_with("--")) return std::string(arg);
  std::string rewritten(arg);
  for (std::size_t i = 2; i < name.size(); ++i)
    if (rewritten[i] == '_') rewritten[i] = '-';
  return rewritten;
}

}  // namespace

std::vector<std::string> rewrite_args(int argc, char** argv) {
  std::vector<std::string> args;
  bool verbatim = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--") verbatim = true;
    args.push_back(verbatim ? std::string(arg) : rewrite(arg));
  }
  return args;
}

std::string nearest(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  return best != nullptr ? *best : std::string();
}

}  // namespace hearth::app
