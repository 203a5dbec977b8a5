// SPDX-License-Identifier: Apache-2.0
//
// What a mistyped word was meant to be.
#pragma once

#include <string>
#include <vector>

namespace hearth::app {

// The candidate with the fewest letters to change or swap, or empty when none is close.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace hearth::app
