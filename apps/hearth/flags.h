// SPDX-License-Identifier: Apache-2.0
//
// The flags of one subcommand: each is declared with its names, the variable that it sets and one
// line of help. A thin face of CLI11, whose header takes seconds to compile and so stays in two
// source files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace hearth::app {

class Flags {
 public:
  explicit Flags(CLI::App& command) : command_(command) {}

  // NAMES are divided by commas ("-n,--predict"); without dashes they name a positional argument.
  // The variable keeps its value unless the flag is given, and must outlive the parsing.
  void add(const std::string& names, std::string& value, const std::string& help);
  void add(const std::string& names, std::int32_t& value, const std::string& help);
  void add(const std::string& names, std::uint32_t& value, const std::string& help);
  void add(const std::string& names, std::int64_t& value, const std::string& help);
  void add(const std::string& names, std::uint64_t& value, const std::string& help);
  void add(const std::string& names, float& value, const std::string& help);
  // Tells an empty value from none.
  void add(const std::string& names, std::optional<std::string>& value, const std::string& help);
  // May be given more than once.
  void add(const std::string& names, std::vector<std::string>& values, const std::string& help);
  // A switch: takes no value and sets true.
  void add(const std::string& names, bool& value, const std::string& help);
  // A flag or positional argument that must be given.
  void require(const std::string& names, std::string& value, const std::string& help);
  // All positional arguments there are, shown in the help as USAGE.
  void add_words(const std::string& usage, std::vector<std::string>& words);

 private:
  CLI::App& command_;
};

}  // namespace hearth::app
