// SPDX-License-Identifier: Apache-2.0
#include "flags.h"

#include <CLI/CLI.hpp>
#include <functional>

namespace hearth::app {

// A flag given twice has its last value, as in llama.cpp.

void Flags::add(const std::string& names, std::string& value, const std::string& help) {
  command_.add_option(names, value, help)->take_last();
}

void Flags::add(const std::string& names, std::int32_t& value, const std::string& help) {
  command_.add_option(names, value, help)->take_last();
}

void Flags::add(const std::string& names, std::uint32_t& value, const std::string& help) {
  command_.add_option(names, value, help)->take_last();
}

void Flags::add(const std::string& names, std::int64_t& value, const std::string& help) {
  command_.add_option(names, value, help)->take_last();
}

void Flags::add(const std::string& names, std::uint64_t& value, const std::string& help) {
  command_.add_option(names, value, help)->take_last();
}

void Flags::add(const std::string& names, float& value, const std::string& help) {
  command_.add_option(names, value, help)->take_last();
}

// CLI11's own optional takes an empty word for no value.
void Flags::add(const std::string& names, std::optional<std::string>& value,
                const std::string& help) {
  const std::function<void(const std::string&)> set = [&value](const std::string& word) {
    value = word;
  };
  command_.add_option_function(names, set, help)->take_last();
}

void Flags::add(const std::string& names, std::vector<std::string>& values,
                const std::string& help) {
  command_.add_option(names, values, help)->allow_extra_args(false);  // one value each time
}

void Flags::add(const std::string& names, bool& value, const std::string& help) {
  command_.add_flag(names, value, help);
}

void Flags::require(const std::string& names, std::string& value, const std::string& help) {
  command_.add_option(names, value, help)->required()->take_last();
}

void Flags::add_words(const std::string& usage, std::vector<std::string>& words) {
  command_.add_option("words", words, usage)->option_text(usage);
}

}  // namespace hearth::app
