// SPDX-License-Identifier: Apache-2.0
#include "settings_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/escape.h"
#include "base/file.h"

// The parser is compiled into this file alone, with errors as values.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace hearth::app {
namespace {

constexpr std::size_t kMaxSettingsFile = std::size_t{1} << 20;

SettingPlace place_of(const toml::source_region& region) {
  return {.line = region.begin.line, .column = region.begin.column};
}

SettingValue value_of(const toml::node& node) {
  SettingValue value{.place = place_of(node.source())};
  if (const auto* text = node.as_string()) {
    value.kind = SettingKind::text;
    value.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    value.kind = SettingKind::integer;
    value.text = fmt::format("{}", integer->get());
  } else if (const auto* number = node.as_floating_point()) {
    value.kind = SettingKind::number;
    value.text = fmt::format("{}", number->get());
  } else if (const auto* on_off = node.as_boolean()) {
    value.kind = SettingKind::on_off;
    value.text = on_off->get() ? "on" : "off";
  }
  return value;
}

// Adds a key with its value or values.
Result<void> add_setting(SettingTable& table, const toml::key& key, const toml::node& node) {
  Setting setting{.key = std::string(key.str()), .place = place_of(key.source())};
  const toml::array* const array = node.as_array();
  setting.is_list = array != nullptr;
  if (array == nullptr) {
    setting.values.push_back(value_of(node));
  } else {
    for (const toml::node& one : *array) setting.values.push_back(value_of(one));
  }
  for (const SettingValue& value : setting.values)
    if (value.kind == SettingKind::other)
      return table.wrong(value.place,
                         fmt::format("{} takes a text, a number, true or false, or a list of these",
                                     printable(setting.key, 60)));
  table.settings.push_back(std::move(setting));
  return {};
}

// The library sorts by name: what is wrong first in the file is to be said first.
void sort_by_place(SettingTable& table) {
  std::ranges::sort(table.settings, {}, &Setting::place);
}

Result<SettingTable> table_of(const toml::table& parsed, const std::string& path) {
  SettingTable table{.path = path, .place = place_of(parsed.source()), .settings = {}};
  for (const auto& [key, node] : parsed) TRY(add_setting(table, key, node));
  sort_by_place(table);
  return table;
}

std::string in_brackets(std::span<const std::string_view> lists) {
  std::string names;
  for (const std::string_view list : lists)
    names += fmt::format("{}[[{}]]", names.empty() ? "" : " and ", list);
  return names;
}

}  // namespace

std::unexpected<Error> SettingTable::wrong(const SettingPlace& at, std::string_view what) const {
  return fail(ErrorCode::usage, "{}:{}:{}: {}", printable(path), at.line, at.column, what);
}

Result<SettingsFile> parse_settings(std::string_view text, const std::string& path,
                                    std::span<const std::string_view> lists) {
  SettingsFile file{.top = {.path = path}, .lists = {}};
  const toml::parse_result parsed = toml::parse(text, path);
  if (!parsed)
    return file.top.wrong(place_of(parsed.error().source()),
                          printable(parsed.error().description()));
  for (const auto& [key, node] : parsed.table()) {
    const std::string name(key.str());
    const bool is_list = std::ranges::find(lists, name) != lists.end();
    const toml::array* const array = node.as_array();
    if (is_list && array != nullptr && array->is_homogeneous<toml::table>()) {
      for (const toml::node& one : *array)
        file.lists[name].push_back(TRY(table_of(*one.as_table(), path)));
    } else if (node.is_table() && is_list) {
      return file.top.wrong(place_of(node.source()),
                            fmt::format("write [[{}]], with two brackets", name));
    } else if (node.is_table()) {
      return file.top.wrong(place_of(node.source()),
                            fmt::format("there is no table [{}]; tables are {}",
                                        printable(name, 60), in_brackets(lists)));
    } else {
      TRY(add_setting(file.top, key, node));
    }
  }
  sort_by_place(file.top);
  return file;
}

Result<SettingsFile> read_settings_file(const std::string& path,
                                        std::span<const std::string_view> lists) {
  const std::string text = TRY(read_file(path, kMaxSettingsFile));
  return parse_settings(text, path, lists);
}

}  // namespace hearth::app
