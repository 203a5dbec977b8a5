// SPDX-License-Identifier: Apache-2.0
#include "apply_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/escape.h"
#include "nearest.h"

namespace hearth::app {
namespace {

std::string with_dashes(std::string key) {
  std::ranges::replace(key, '_', '-');
  return "--" + key;
}

// Null if there is none.
const Flag* flag_of(const Declarations& declarations, const std::string& key) {
  const std::string name = with_dashes(key);
  for (const Flag& flag : declarations.flags)
    if (!flag.is_word && std::ranges::find(flag.names, name) != flag.names.end()) return &flag;
  return nullptr;
}

std::string unknown_key(const Declarations& declarations, const std::string& key) {
  std::vector<std::string> known;
  for (const Flag& flag : declarations.flags)
    for (const std::string& name : flag.names)
      if (name.starts_with("--")) known.push_back(name.substr(2));
  const std::string guess = nearest(with_dashes(key).substr(2), known);
  return fmt::format("unknown key '{}'{}", printable(key, 60),
                     guess.empty() ? "" : fmt::format("; did you mean '{}'?", guess));
}

std::string_view words_of(FlagValue value) {
  switch (value) {
    case FlagValue::on_off:
      return "true or false";
    case FlagValue::integer:
      return "a whole number";
    case FlagValue::number:
      return "a number";
    case FlagValue::text:
      return "a text in quotes";
  }
  return "";
}

std::string_view words_of(SettingKind kind) {
  switch (kind) {
    case SettingKind::text:
      return "a text";
    case SettingKind::integer:
      return "a whole number";
    case SettingKind::number:
      return "a number with a fraction";
    case SettingKind::on_off:
      return "true or false";
    case SettingKind::other:
      break;
  }
  return "something else";
}

bool fits(const Flag& flag, SettingKind kind) {
  switch (flag.takes) {
    case FlagValue::on_off:
      return kind == SettingKind::on_off;
    case FlagValue::integer:
      return kind == SettingKind::integer;
    case FlagValue::number:
      return kind == SettingKind::integer || kind == SettingKind::number;
    case FlagValue::text:
      // Some numbers are kept as texts, so that none can be told from any.
      return kind == SettingKind::text ||
             (kind == SettingKind::integer && (flag.value_name == "N" || !flag.values.empty()));
  }
  return false;
}

Result<void> set_flag(const Flag& flag, const Setting& setting, const SettingTable& table) {
  const std::string key = printable(setting.key, 60);
  if (setting.is_list && !flag.clear)
    return table.wrong(setting.place, fmt::format("{} takes one value, not a list", key));
  if (flag.clear) flag.clear();
  for (const SettingValue& value : setting.values) {
    if (!fits(flag, value.kind))
      return table.wrong(value.place, fmt::format("{} takes {}, not {}", key, words_of(flag.takes),
                                                  words_of(value.kind)));
    if (const Result<void> set = flag.set(value.text); !set)
      return table.wrong(value.place, fmt::format("{}: {}", key, set.error().message));
  }
  return {};
}

}  // namespace

Result<void> apply_settings(const Declarations& declarations, const SettingTable& table,
                            const GivenFlags& given) {
  std::map<const Flag*, const Setting*> seen;
  for (const Setting& setting : table.settings) {
    const Flag* const flag = flag_of(declarations, setting.key);
    if (flag == nullptr) return table.wrong(setting.place, unknown_key(declarations, setting.key));
    const auto [at, is_first] = seen.emplace(flag, &setting);
    if (!is_first)
      return table.wrong(
          setting.place,
          fmt::format("{} says again what {} says in line {}", printable(setting.key, 60),
                      printable(at->second->key, 60), at->second->place.line));
    if (!given.contains(flag->names[0])) TRY(set_flag(*flag, setting, table));
  }
  return {};
}

bool mentions(const Declarations& declarations, const SettingTable& table, std::string_view name) {
  return std::ranges::any_of(table.settings, [&](const Setting& setting) {
    const Flag* const flag = flag_of(declarations, setting.key);
    return flag != nullptr && std::ranges::find(flag->names, name) != flag->names.end();
  });
}

}  // namespace hearth::app
