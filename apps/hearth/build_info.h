// SPDX-License-Identifier: Apache-2.0
//
// From which commit this program was built: written by cmake/build_info.cmake with every build.
#pragma once

namespace hearth::app {

// "1a615ac", "1a615ac-dirty" with changes on top; "unknown" outside a git repository.
extern const char* const kBuildCommit;
// How many commits lead there, 0 where it is unknown.
extern const int kBuildNumber;

}  // namespace hearth::app
