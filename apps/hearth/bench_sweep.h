// SPDX-License-Identifier: Apache-2.0
//
// `bench --sweep`: prompt and generation speed at one context depth after the other, with peers'
// llama-bench run in between on the same file with the same settings.
//
// The KV cache of a depth is kept and extended to the next, so that the whole sweep fills the
// deepest cache once; every repetition rolls back to its depth. At each depth our repetitions are
// spread around the runs of the peers (some, peer, some, peer, some), so that what the machine does
// meanwhile meets all alike. A peer that fails is named on standard error and the sweep goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench_cases.h"
#include "bench_peer.h"
#include "engine/loaded_model.h"

namespace hearth::app {

struct SweepOptions {
  BenchCase what;                     // the depth aside
  engine::LoadOptions load;           // the context aside
  std::vector<std::uint32_t> depths;  // empty: automatic_depths
  std::vector<BenchPeer> peers;
  std::uint32_t n_repetitions = 5;
  bool has_warmup = true, is_offline = false, shows_progress = false;
  std::string format = "md";
  std::optional<std::string> picture;  // a path; empty: one after the model
};

// 0, 512, 1024, 2048... while depth and test fit into the context, at most kMostAutomaticDepth.
inline constexpr std::uint32_t kMostAutomaticDepth = 16384;
std::vector<std::uint32_t> automatic_depths(std::uint32_t n_ctx, std::uint32_t n_test);

// Prints what it finds, and writes the picture. cancelled after Ctrl-C: what was measured until
// then is printed and drawn.
Result<void> run_sweep(const SweepOptions& options);

}  // namespace hearth::app
