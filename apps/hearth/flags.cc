// SPDX-License-Identifier: Apache-2.0
#include "flags.h"

#include <algorithm>
#include <charconv>

#include "base/escape.h"

namespace hearth::app {
namespace {

template <class Number>
std::function<Result<void>(const std::string&)> number_setter(Number& value) {
  return [&value](const std::string& text) -> Result<void> {
    const char* const end = text.data() + text.size();
    Number number{};
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stopped != end)
      return fail(ErrorCode::usage, "'{}' is not a number in range", printable(text, 60));
    value = number;
    return {};
  };
}

// llama.cpp's words for yes and no in variables.
Result<bool> parse_switch(const std::string& text) {
  for (const char* yes : {"on", "true", "1", "enabled"})
    if (text == yes) return true;
  for (const char* no : {"off", "false", "0", "disabled"})
    if (text == no) return false;
  return fail(ErrorCode::usage, "'{}' is neither on nor off", printable(text, 60));
}

}  // namespace

Flag& Flag::rare() {
  is_rare = true;
  return *this;
}

Flag& Flag::value(std::string name) {
  value_name = std::move(name);
  return *this;
}

Flag& Flag::choices(std::vector<std::string> all) {
  values = std::move(all);
  return *this;
}

Flag& Flag::may_omit_value(std::string ending) {
  value_ending = std::move(ending);
  return *this;
}

Flag& Flag::names_model() {
  is_model = true;
  return *this;
}

Flag& Flag::variable(std::string name) {
  variable_name = std::move(name);
  return *this;
}

std::vector<std::string> split_names(std::string_view names) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t comma = names.find(',');
    parts.emplace_back(names.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    names.remove_prefix(comma + 1);
  }
}

Flag& Flags::declare(const std::string& names, const std::string& help, std::string value_name) {
  Flag& flag = declarations_.flags.emplace_back();
  flag.names = split_names(names);
  flag.help = help;
  flag.heading = heading_;
  flag.is_word = !names.starts_with('-');
  flag.value_name = flag.is_word ? flag.names[0] : std::move(value_name);
  return flag;
}

Flag& Flags::add(const std::string& names, std::string& value, const std::string& help) {
  Flag& flag = declare(names, help, "TEXT");
  flag.set = [&value](const std::string& text) -> Result<void> {
    value = text;
    return {};
  };
  return flag;
}

Flag& Flags::add(const std::string& names, std::int32_t& value, const std::string& help) {
  Flag& flag = declare(names, help, "N");
  flag.takes = FlagValue::integer;
  flag.set = number_setter(value);
  return flag;
}

Flag& Flags::add(const std::string& names, std::uint32_t& value, const std::string& help) {
  Flag& flag = declare(names, help, "N");
  flag.takes = FlagValue::integer;
  flag.set = number_setter(value);
  return flag;
}

Flag& Flags::add(const std::string& names, std::int64_t& value, const std::string& help) {
  Flag& flag = declare(names, help, "N");
  flag.takes = FlagValue::integer;
  flag.set = number_setter(value);
  return flag;
}

Flag& Flags::add(const std::string& names, std::uint64_t& value, const std::string& help) {
  Flag& flag = declare(names, help, "N");
  flag.takes = FlagValue::integer;
  flag.set = number_setter(value);
  return flag;
}

Flag& Flags::add(const std::string& names, float& value, const std::string& help) {
  Flag& flag = declare(names, help, "X");
  flag.takes = FlagValue::number;
  flag.set = number_setter(value);
  return flag;
}

Flag& Flags::add(const std::string& names, std::optional<std::string>& value,
                 const std::string& help) {
  Flag& flag = declare(names, help, "TEXT");
  flag.set = [&value](const std::string& text) -> Result<void> {
    value = text;
    return {};
  };
  return flag;
}

Flag& Flags::add(const std::string& names, std::vector<std::string>& values,
                 const std::string& help) {
  Flag& flag = declare(names, help, "TEXT");
  flag.may_repeat = true;
  flag.set = [&values](const std::string& text) -> Result<void> {
    values.push_back(text);
    return {};
  };
  flag.clear = [&values] { values.clear(); };
  return flag;
}

Flag& Flags::add(const std::string& names, bool& value, const std::string& help) {
  Flag& flag = declare(names, help, "");
  flag.takes = FlagValue::on_off;
  flag.may_repeat = true;  // the second time changes nothing
  flag.set = [&value](const std::string& text) -> Result<void> {
    value = TRY(parse_switch(text));
    return {};
  };
  return flag;
}

Flag& Flags::require(const std::string& names, std::string& value, const std::string& help) {
  Flag& flag = add(names, value, help);
  flag.is_required = true;
  return flag;
}

Flag& Flags::add_words(const std::string& usage, std::vector<std::string>& words) {
  Flag& flag = add(usage, words, "");
  flag.takes_all_words = true;
  return flag;
}

}  // namespace hearth::app
