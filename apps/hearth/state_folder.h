// SPDX-License-Identifier: Apache-2.0
//
// Where what the program remembers between runs lies: the history of the chat, its saved sessions.
// $HEARTH_HOME/state, or $XDG_STATE_HOME/hearth, or ~/.local/state/hearth (XDG Base Directory
// Specification). Nobody but the user can read it.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace hearth::app {

// usage if the environment names no home.
Result<std::string> state_folder();

// Makes the folder of a file, private to the user where it is new.
Result<void> make_private_folder_of(const std::string& path);

// Opens with flags of open(2), with mode 0600 also where the file is there already.
Result<UniqueFd> open_private(const std::string& path, int flags);

}  // namespace hearth::app
