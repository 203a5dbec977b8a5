// SPDX-License-Identifier: Apache-2.0
#include "store/shards.h"

#include <unistd.h>

#include "base/escape.h"

namespace hearth::store {
namespace {

std::optional<std::uint32_t> five_digits(std::string_view text) {
  std::uint32_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return value;
}

}  // namespace

std::optional<Shard> parse_shard(std::string_view path) {
  constexpr std::string_view kPattern = "-00000-of-00000.gguf";
  if (path.size() <= kPattern.size()) return std::nullopt;
  const std::string_view end = path.substr(path.size() - kPattern.size());
  if (end[0] != '-' || end.substr(6, 4) != "-of-" || end.substr(15) != ".gguf") return std::nullopt;
  const auto number = five_digits(end.substr(1, 5));
  const auto count = five_digits(end.substr(10, 5));
  if (!number || !count || *number < 1 || *number > *count) return std::nullopt;
  return Shard{path.substr(0, path.size() - kPattern.size()), *number, *count};
}

Result<std::vector<std::string>> all_shards(const std::string& path) {
  const auto shard = parse_shard(path);
  if (!shard) return std::vector<std::string>{path};
  std::vector<std::string> paths;
  for (std::uint32_t number = 1; number <= shard->count; ++number) {
    paths.push_back(fmt::format("{}-{:05}-of-{:05}.gguf", shard->prefix, number, shard->count));
    if (::access(paths.back().c_str(), F_OK) != 0)
      return fail(ErrorCode::not_found, "{}: this model has {} files, and this one is not there",
                  printable(paths.back()), shard->count);
  }
  return paths;
}

}  // namespace hearth::store
