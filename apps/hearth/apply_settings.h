// SPDX-License-Identifier: Apache-2.0
//
// The keys of a configuration file are the flags of a command: "ctx-size" or "ctx_size" is
// --ctx-size, in any of the flag's long spellings. Switches take true and false, numbers numbers,
// and flags that may be repeated a list.
#pragma once

#include <string_view>

#include "base/error.h"
#include "flags.h"
#include "settings_file.h"

namespace hearth::app {

// Sets the flags that the table names, but for those that were given on the command line or in the
// environment: these win. A list replaces what stood there. usage, with the place: a key that no
// flag has (with the nearest that one does), one that is set twice, a value of the wrong type, or
// one that the flag refuses.
Result<void> apply_settings(const Declarations& declarations, const SettingTable& table,
                            const GivenFlags& given);

// Whether the table has a key of that flag; the name is any long one of it, with its dashes.
bool mentions(const Declarations& declarations, const SettingTable& table, std::string_view name);

}  // namespace hearth::app
