// SPDX-License-Identifier: Apache-2.0
//
// The rules of docs/style.md that a program can check. Each returns one sentence for each breach,
// "path:line: what is wrong", and nothing for a clean tree.
#pragma once

#include <string>
#include <vector>

#include "tree.h"

namespace hearth::tidy {

using Breaches = std::vector<std::string>;

// layers.cc: who includes whom.
Breaches check_layers(const Tree& tree);         // src/layers.txt: arrows and exceptions
Breaches check_unused_arrows(const Tree& tree);  // src/layers.txt: nothing listed in vain
Breaches check_includes(const Tree& tree);       // they exist; _internal.h stays at home; bans
Breaches check_dead_files(const Tree& tree);     // headers that nobody includes

// text.cc: what is in a file. tools/tidy-exceptions.txt lists what is allowed to be too long.
Breaches check_sizes(const Tree& tree);
Breaches check_lines(const Tree& tree);    // 100 columns, white space, leftover marks
Breaches check_headers(const Tree& tree);  // #pragma once, the SPDX line, no using namespace
Breaches check_files(const Tree& tree);    // links, large and binary files

// docs.cc: what pages say about the tree. Paths that they name exist, excerpts that name a file are
// its text; length of the two front pages.
Breaches check_docs(const Tree& tree);

}  // namespace hearth::tidy
