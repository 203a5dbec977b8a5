// SPDX-License-Identifier: Apache-2.0
//
// The completion scripts of the shells, made from the declarations of all commands. The names of
// models come from 'hearth list' at the time of completing.
#pragma once

#include <string>

namespace hearth::app {

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace hearth::app
