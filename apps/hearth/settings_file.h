// SPDX-License-Identifier: Apache-2.0
//
// A configuration file in TOML 1.0 as plain values: keys with one value or a list, and lists of
// tables ("[[model]]") of such keys. Nothing deeper. Every value knows its place, so that whoever
// finds it wrong can say where; what the keys mean is said in apply_settings.h.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hearth::app {

enum class SettingKind : std::uint8_t { text, integer, number, on_off, other };

// In the file; both from 1 on.
struct SettingPlace {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  auto operator<=>(const SettingPlace&) const = default;
};

struct SettingValue {
  SettingKind kind = SettingKind::other;
  std::string text;  // as a flag takes it: "4096", "on", the text itself
  SettingPlace place;
};

struct Setting {
  std::string key;  // as it was written
  SettingPlace place;
  std::vector<SettingValue> values;
  bool is_list = false;
};

struct SettingTable {
  std::string path;  // of the file
  SettingPlace place;
  std::vector<Setting> settings;  // in the order of the file

  // "serve.toml:3:12: ...", for a person.
  std::unexpected<Error> wrong(const SettingPlace& at, std::string_view what) const;
};

struct SettingsFile {
  SettingTable top;
  std::map<std::string, std::vector<SettingTable>, std::less<>> lists;  // of tables, by their name
};

// `lists` names the lists of tables that there may be. not_found or io if the file cannot be read;
// usage, with the place, if it is not TOML or has what stands above for nothing.
Result<SettingsFile> read_settings_file(const std::string& path,
                                        std::span<const std::string_view> lists);
// The same of a text; path is for messages.
Result<SettingsFile> parse_settings(std::string_view text, const std::string& path,
                                    std::span<const std::string_view> lists);

}  // namespace hearth::app
