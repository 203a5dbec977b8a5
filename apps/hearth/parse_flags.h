// SPDX-License-Identifier: Apache-2.0
//
// From the words of a command line to the variables that its command declared. The rules are those
// that llama.cpp's users know: "--foo_bar" is "--foo-bar", a name may have one dash and several
// letters (-ctk), a flag beats its environment variable, of a flag given twice the last counts.
// Beside them "--name=value", "--" before words that begin with a dash, and flags anywhere among
// the words.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "flags.h"

namespace hearth::app {

// Sets what was declared and returns what the user should be told: whole lines, in order. The error
// is a usage error: a flag that nobody knows (with the nearest that somebody does), one that is not
// here yet, a bad value, a word too many or too few.
Result<std::vector<std::string>> parse_flags(const Declarations& declarations,
                                             std::span<const std::string> words);

}  // namespace hearth::app
