// SPDX-License-Identifier: Apache-2.0
//
// The flags of one subcommand as data: parsing, help, completions, the manual and the keys of a
// configuration file (apply_settings.h) are made from the same declarations. A declaration is one
// line; what is unusual about a flag is chained to it:
//
//   flags.add("-c,--ctx-size", n_ctx, "context length in tokens").variable("CTX_SIZE");
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hearth::app {

enum class FlagValue : std::uint8_t { on_off, integer, number, text };

// One flag, or one positional argument ("word").
struct Flag {
  std::vector<std::string> names;  // as they are typed; a word has one, without dashes
  std::string help;
  std::string heading;     // of the part of the help in which it stands; empty: the first part
  std::string value_name;  // "N", "FILE", "MODEL"...; empty: a switch, which takes no value
  std::vector<std::string> values;  // all that make sense, where they are few; for completions
  std::string variable_name;        // "CTX_SIZE"; see variable()
  std::string value_ending;         // ".svg"; see may_omit_value()
  bool is_rare = false, is_required = false, may_repeat = false;
  bool is_word = false, takes_all_words = false;
  bool is_model = false;
  FlagValue takes = FlagValue::text;
  std::function<Result<void>(const std::string& text)> set;  // of a switch: "on" or "off"
  std::function<void()> clear;  // of a list, which set() appends to; empty for all others

  // Only --help-all and the manual show it.
  Flag& rare();
  Flag& value(std::string name);
  Flag& choices(std::vector<std::string> all);
  // The value may be left out (and is "" then): the next word is it only with this ending.
  Flag& may_omit_value(std::string ending);
  // One of several ways to name the model. Its variable counts only where no other way was used.
  Flag& names_model();
  // Where the flag is not given, HEARTH_name sets it, else LLAMA_ARG_name, which is llama.cpp's.
  Flag& variable(std::string name);
};

// The first names of flags that were set by words or variables. Where a model was named, in
// whatever way, those of all flags that name one.
using GivenFlags = std::set<std::string, std::less<>>;

// What a subcommand understands, in the order of declaration. A deque, since flags are chained to
// by reference while more are added.
struct Declarations {
  std::deque<Flag> flags;
  bool takes_foreign_flags = false;  // see foreign_flags.h
  GivenFlags* given = nullptr;       // see remember_given()
};

class Flags {
 public:
  explicit Flags(Declarations& declarations, std::string heading = {})
      : declarations_(declarations), heading_(std::move(heading)) {}

  // The same command; what is added here stands under a heading of its own in the help.
  Flags under(std::string heading) const { return Flags(declarations_, std::move(heading)); }

  // NAMES are divided by commas ("-n,--predict"); without dashes they name a positional argument.
  // The variable keeps its value unless the flag is given, and must outlive the parsing. Of a flag
  // given more than once the last counts, with a warning.
  Flag& add(const std::string& names, std::string& value, const std::string& help);
  Flag& add(const std::string& names, std::int32_t& value, const std::string& help);
  Flag& add(const std::string& names, std::uint32_t& value, const std::string& help);
  Flag& add(const std::string& names, std::int64_t& value, const std::string& help);
  Flag& add(const std::string& names, std::uint64_t& value, const std::string& help);
  Flag& add(const std::string& names, float& value, const std::string& help);
  // Tells an empty value from none.
  Flag& add(const std::string& names, std::optional<std::string>& value, const std::string& help);
  // May be given more than once.
  Flag& add(const std::string& names, std::vector<std::string>& values, const std::string& help);
  // A switch: takes no value and sets true; "--name=off" sets false.
  Flag& add(const std::string& names, bool& value, const std::string& help);
  // A flag or positional argument that must be given.
  Flag& require(const std::string& names, std::string& value, const std::string& help);
  // All positional arguments there are, shown in the help as USAGE.
  Flag& add_words(const std::string& usage, std::vector<std::string>& words);

  // The command runs a model: flags of llama.cpp that Hearth has no use for are understood.
  void take_foreign_flags() { declarations_.takes_foreign_flags = true; }
  // Parsing says here which flags were given; must outlive it.
  void remember_given(GivenFlags& given) { declarations_.given = &given; }

 private:
  Flag& declare(const std::string& names, const std::string& help, std::string value_name);

  Declarations& declarations_;
  std::string heading_;
};

// "-a,--bc" to its parts.
std::vector<std::string> split_names(std::string_view names);

}  // namespace hearth::app
