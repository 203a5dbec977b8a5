// SPDX-License-Identifier: Apache-2.0
//
// The small step between what llama.cpp and Ollama users type and what CLI11 parses: single-dash
// long options (-ngl, -ctk) and underscores (--top_k) are rewritten, and an unknown flag is
// answered with the nearest known one.
#pragma once

#include <string>
#include <vector>

namespace hearth::app {

// The arguments after argv[0], rewritten. What follows "--" stays as it is.
std::vector<std::string> rewrite_args(int argc, char** argv);

// The candidate nearest to a mistyped word, or empty when none is close.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace hearth::app
