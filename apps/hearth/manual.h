// SPDX-License-Identifier: Apache-2.0
//
// The manual, made from the declarations of all commands and the table of foreign flags.
#pragma once

#include <string>

namespace hearth::app {

std::string manual_roff();      // a man page of section 1
std::string manual_markdown();  // docs/commands.md

}  // namespace hearth::app
