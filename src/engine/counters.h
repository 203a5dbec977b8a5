// SPDX-License-Identifier: Apache-2.0
//
// What the engine has done and how full it is, for metrics and a watchdog. A plain value.
#pragma once

#include <cstdint>

namespace hearth::engine {

struct Counters {
  // Now.
  std::uint32_t n_running = 0;         // requests that have a place
  std::uint32_t n_waiting = 0;         // those that wait for one, just submitted ones included
  std::uint32_t kv_blocks = 0;         // all there are
  std::uint32_t kv_blocks_used = 0;    // by requests or the prefix cache
  std::uint32_t kv_blocks_cached = 0;  // those that the prefix cache holds
  // Since the model was loaded.
  std::uint64_t n_steps = 0;
  std::uint64_t n_prompt_tokens = 0;  // computed, those of lost blocks again
  std::uint64_t n_reused_tokens = 0;  // taken from the prefix cache instead
  std::uint64_t n_generated_tokens = 0;
  std::uint64_t n_preemptions = 0;     // requests that lost their blocks
  std::uint64_t n_evicted_blocks = 0;  // that the prefix cache gave up
  // Grows several times in every layer of every step: while requests run, standing still for long
  // means that the engine hangs.
  std::uint64_t n_progress = 0;

  bool operator==(const Counters&) const = default;
};

}  // namespace hearth::engine
