// SPDX-License-Identifier: Apache-2.0
//
// The lines that the user typed, kept from run to run: a text file of one entry a line (newlines
// inside an entry as \n), readable by its owner alone. An entry is in the file as soon as it is
// added, so whatever ends the program loses none, and several programs may add to one file.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace hearth::app {

inline constexpr std::size_t kMaxHistoryEntries = 1000;
inline constexpr std::size_t kMaxHistoryEntryBytes = 64 << 10;  // longer ones are not kept

// The newest entries, oldest first; none if there is no file. Cuts a file that has grown to twice
// what is kept.
Result<std::vector<std::string>> load_history(const std::string& path);

Result<void> add_to_history(const std::string& path, std::string_view entry);

}  // namespace hearth::app
