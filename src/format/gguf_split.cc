// SPDX-License-Identifier: Apache-2.0
//
// A split model: every shard says which one it is (split.no, from 0) and of how many (split.count),
// the first also how many tensors all of them hold (split.tensors.count).
#include <fmt/format.h>

#include <algorithm>

#include "format/gguf_limits.h"
#include "format/gguf_parser_internal.h"

namespace hearth::format {
namespace {

constexpr std::string_view kNumberKey = "split.no";
constexpr std::string_view kCountKey = "split.count";
constexpr std::string_view kTensorsKey = "split.tensors.count";

// "shard 3 of 5 is missing", "shards 2 to 4 and 6 of 9 are missing". present[i]: shard i is there.
std::string missing_text(const std::vector<bool>& present) {
  std::vector<std::string> ranges;
  std::size_t n_missing = 0;
  for (std::size_t i = 0; i < present.size();) {
    std::size_t end = i;
    while (end < present.size() && !present[end]) ++end;
    if (end == i + 1) ranges.push_back(fmt::format("{}", end));
    if (end > i + 1) ranges.push_back(fmt::format("{} to {}", i + 1, end));
    n_missing += end - i;
    i = end + 1;
  }
  constexpr std::size_t kShown = 8;
  if (ranges.size() > kShown) {
    ranges.resize(kShown);
    ranges.emplace_back("others");
  }
  std::string list = fmt::format("{}", fmt::join(ranges.begin(), ranges.end() - 1, ", "));
  if (!list.empty()) list += " and ";
  return fmt::format("{} {}{} of {} {} missing", n_missing == 1 ? "shard" : "shards", list,
                     ranges.back(), present.size(), n_missing == 1 ? "is" : "are");
}

}  // namespace

Result<void> GgufParser::check_shards_belong_together() const {
  const Gguf& first = shards_[0].facts;
  const std::uint64_t count = TRY(first.get_uint(kCountKey))
  .value_or(1);
  if (count <= 1) {  // 0: the mark of a model that was split once and merged again
    if (shards_.size() == 1) return {};
    return fail(ErrorCode::integrity, "{}: {} files were given, but this one is a whole model",
                first.file_name_, shards_.size());
  }
  if (count > kMaxShards) {
    return fail(ErrorCode::integrity, "{}: key {} is {}, more than the {} allowed",
                first.file_name_, kCountKey, count, kMaxShards);
  }

  std::vector<bool> present(static_cast<std::size_t>(count));
  std::uint64_t n_tensors = 0;
  for (const Shard& shard : shards_) {
    const std::uint64_t own_count = TRY(shard.facts.require_uint(kCountKey));
    const std::uint64_t number = TRY(shard.facts.require_uint(kNumberKey));
    if (own_count != count) {
      return fail(ErrorCode::integrity, "{}: key {} is {}, but {} in {}", shard.facts.file_name_,
                  kCountKey, own_count, count, first.file_name_);
    }
    if (number >= count) {
      return fail(ErrorCode::integrity, "{}: key {} is {}, but there are {} shards, from 0",
                  shard.facts.file_name_, kNumberKey, number, count);
    }
    if (present[static_cast<std::size_t>(number)]) {
      return fail(ErrorCode::integrity, "{}: shard {} of {} was given twice",
                  shard.facts.file_name_, number + 1, count);
    }
    present[static_cast<std::size_t>(number)] = true;
    n_tensors += shard.n_tensors;  // each at most kMaxTensors
  }
  if (shards_.size() < count) {
    return fail(ErrorCode::integrity, "{}: the model is split and {}", first.file_name_,
                missing_text(present));
  }
  for (std::uint64_t i = 0; i < shards_.size(); ++i) {
    const Gguf& facts = shards_[static_cast<std::size_t>(i)].facts;
    const std::uint64_t number = TRY(facts.require_uint(kNumberKey));
    if (number != i) {
      return fail(ErrorCode::integrity,
                  "{}: this is shard {} of {}, given in the place of shard {}", facts.file_name_,
                  number + 1, count, i + 1);
    }
    const std::uint64_t expected = i == 0 ? TRY(facts.require_uint(kTensorsKey))
                                          : TRY(facts.get_uint(kTensorsKey))
                                          .value_or(n_tensors);
                                          if (expected != n_tensors) {
                                            return fail(ErrorCode::integrity,
                                                        "{}: key {} is {}, but the {} shards hold "
                                                        "{} tensors",
                                                        facts.file_name_, kTensorsKey, expected,
                                                        count, n_tensors);
                                          }
  }
  return {};
}

}  // namespace hearth::format
