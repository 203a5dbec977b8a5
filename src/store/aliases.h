// SPDX-License-Identifier: Apache-2.0
//
// Names that the user gives to models that are not, or not only, in the store: "mine" for
// "hf:org/repo:Q8_0". One JSON object in the user's configuration, safe for several processes at
// once and for people with an editor.
//
//   {"version": 1, "aliases": {"mine": "hf:org/repo:Q8_0"}}
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hearth::store {

using AliasMap = std::map<std::string, std::string, std::less<>>;  // name: what it stands for

// Where the user's own settings lie: $XDG_CONFIG_HOME/hearth, or ~/.config/hearth. not_found if no
// home is known.
Result<std::string> config_folder();
// aliases.json in it.
Result<std::string> default_aliases_path();

// Empty if there is no such file; integrity, with what is wrong, if it cannot be understood.
Result<AliasMap> read_aliases(const std::string& path);
Result<AliasMap> parse_aliases(std::string_view text);

// usage for a name that is none (is_model_name) or an empty target. Replaces an earlier one.
Result<void> set_alias(const std::string& path, const std::string& name, const std::string& target);
// not_found if there is no such alias.
Result<void> remove_alias(const std::string& path, const std::string& name);

}  // namespace hearth::store
