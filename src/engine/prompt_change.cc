// SPDX-License-Identifier: Apache-2.0
#include "engine/prompt_change.h"

#include <algorithm>
#include <unordered_map>

#include "engine/prefix_cache.h"

namespace hearth::engine {
namespace {

constexpr std::size_t kRun = 16;
// Longer ones are looked at so far: milliseconds, where reading such a prompt takes minutes.
constexpr std::size_t kMost = 1 << 16;

}  // namespace

// Each run of the past, one behind the other, is looked for at every position of the prompt.
PromptChange find_change(std::span<const TokenId> past, std::span<const TokenId> prompt) {
  past = past.first(std::min(past.size(), kMost));
  prompt = prompt.first(std::min(prompt.size(), kMost));
  std::unordered_map<std::uint64_t, std::size_t> runs;  // where in the past, by hash
  for (std::size_t at = 0; at + kRun <= past.size(); at += kRun)
    runs.emplace(chain_hash(0, past.subspan(at, kRun)), at);
  PromptChange change;
  for (std::size_t at = 0; at + kRun <= prompt.size() && !runs.empty();) {
    const auto here = prompt.subspan(at, kRun);
    const auto run = runs.find(chain_hash(0, here));
    if (run == runs.end() || !std::ranges::equal(past.subspan(run->second, kRun), here)) {
      ++at;
      continue;
    }
    if (change.n_repeated == 0)
      change.n_shifted = static_cast<std::int32_t>(at) - static_cast<std::int32_t>(run->second);
    change.n_repeated += kRun;
    runs.erase(run);
    at += kRun;
  }
  return change;
}

}  // namespace hearth::engine
