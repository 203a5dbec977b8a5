// SPDX-License-Identifier: Apache-2.0
//
// What a prompt has of a past although it leaves it in the middle. A client that writes the time
// into its system message, or drops the oldest turns, sends nearly all of the past again, but
// behind a change, where none of it can be used; another conversation that begins alike sends
// nothing of it. What is found tells the one from the other. Plain values; any thread.
#pragma once

#include <cstdint>
#include <span>

#include "engine/request.h"

namespace hearth::engine {

struct PromptChange {
  std::uint32_t n_repeated = 0;  // tokens of the past that the prompt has again, in runs of 16
  // How many positions further back the first of those runs stands: 0 where something was replaced,
  // less than 0 where something was left out.
  std::int32_t n_shifted = 0;
};

// Both from where they part. Time and memory grow with their lengths.
PromptChange find_change(std::span<const TokenId> past, std::span<const TokenId> prompt);

}  // namespace hearth::engine
