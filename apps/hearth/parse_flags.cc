// SPDX-License-Identifier: Apache-2.0
#include "parse_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>

#include "base/escape.h"
#include "foreign_flags.h"
#include "nearest.h"

namespace hearth::app {
namespace {

// "--top_k=5" is the name "--top-k" and the value "5".
struct FlagWord {
  std::string name;
  std::optional<std::string> value;
};

// A dash alone is standard input, a negative number is a number, and no flag has a blank in its
// name: "- first item" begins a prompt.
std::optional<FlagWord> as_flag(const std::string& word) {
  if (word.size() < 2 || word[0] != '-' || (word[1] >= '0' && word[1] <= '9')) return std::nullopt;
  const std::size_t equals = word.find('=');
  FlagWord flag{word.substr(0, equals), std::nullopt};
  if (flag.name.find_first_of(" \t\n") != std::string::npos) return std::nullopt;
  if (equals != std::string::npos) flag.value = word.substr(equals + 1);
  if (flag.name.starts_with("--")) std::replace(flag.name.begin() + 2, flag.name.end(), '_', '-');
  return flag;
}

std::string join(const std::vector<std::string>& parts, std::string_view divider) {
  return fmt::format("{}", fmt::join(parts, divider));
}

class FlagParser {
 public:
  explicit FlagParser(const Declarations& declarations) : declarations_(declarations) {}

  Result<std::vector<std::string>> parse(std::span<const std::string> words) {
    words_ = words;
    bool verbatim = false;
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      if (word == "--" && !verbatim) {
        verbatim = true;
      } else if (const auto flag = verbatim ? std::nullopt : as_flag(word)) {
        TRY(take_flag(*flag));
      } else {
        positional_.push_back(word);
      }
    }
    if (!refused_.empty()) return fail(ErrorCode::usage, "{}", join(refused_, "; "));
    TRY(set_words());
    TRY(set_from_variables());
    for (const Flag& flag : declarations_.flags)
      if (flag.is_required && !given_.contains(&flag))
        return fail(ErrorCode::usage, "{} is missing", flag.names[0]);
    tell_given();
    return notes();
  }

 private:
  // A long name may be typed with one dash, as elsewhere.
  const Flag* find(const std::string& name) const {
    for (const std::string& typed : {name, "-" + name})
      for (const Flag& flag : declarations_.flags)
        if (!flag.is_word && std::ranges::find(flag.names, typed) != flag.names.end()) return &flag;
    return nullptr;
  }

  Result<void> take_flag(const FlagWord& word) {
    if (const Flag* flag = find(word.name)) return take_own(word, *flag);
    if (declarations_.takes_foreign_flags)
      for (const std::string& typed : {word.name, "-" + word.name})
        if (const ForeignFlag* foreign = find_foreign_flag(typed))
          return take_foreign(word, *foreign);
    return std::unexpected(unknown(word.name));
  }

  // What may be left out is taken only where it looks like what is meant.
  Result<std::string> own_value(const FlagWord& word, const Flag& flag) {
    const bool is_left_out =
        !flag.value_ending.empty() && !word.value &&
        (next_ == words_.size() || !words_[next_].ends_with(flag.value_ending));
    if (is_left_out) return std::string();
    return value_of(word);
  }

  Result<std::string> value_of(const FlagWord& word) {
    if (word.value) return *word.value;
    if (next_ == words_.size()) return fail(ErrorCode::usage, "{}: give a value", word.name);
    return words_[next_++];
  }

  Result<void> take_own(const FlagWord& word, const Flag& flag) {
    const bool is_switch = flag.value_name.empty();
    const std::string value = is_switch ? word.value.value_or("on") : TRY(own_value(word, flag));
    TRY(set(flag, word.name, value));
    if (++given_[&flag] == 2 && !flag.may_repeat)
      warnings_.push_back(
          fmt::format("hearth: warning: {} is given more than once; the last counts", word.name));
    return {};
  }

  static Result<void> set(const Flag& flag, const std::string& source, const std::string& value) {
    const Result<void> done = flag.set(value);
    if (done) return {};
    return fail(done.error().code, "{}: {}", source, done.error().message);
  }

  Result<std::string> foreign_value(const FlagWord& word, ForeignFlag::Takes takes) {
    using enum ForeignFlag::Takes;
    if (takes == nothing) return word.value.value_or("");
    if (takes == perhaps && !word.value) {
      constexpr std::string_view kValues[] = {"on", "off", "auto", "0", "1"};
      const bool is_value =
          next_ < words_.size() && std::ranges::find(kValues, words_[next_]) != std::end(kValues);
      return is_value ? words_[next_++] : std::string();
    }
    std::string value = TRY(value_of(word));
    if (takes == two) TRY(value_of({word.name, std::nullopt}));
    return value;
  }

  Result<void> take_foreign(const FlagWord& word, const ForeignFlag& foreign) {
    using enum ForeignFlag::Fate;
    const std::string value = TRY(foreign_value(word, foreign.takes));
    if (!foreign.neutral.empty() && value == foreign.neutral) return {};
    switch (foreign.fate) {
      case always:
        break;
      case no_effect:
        idle_.push_back(word.name);
        break;
      case retired:
        idle_.push_back(fmt::format("{} (now {})", word.name, foreign.about));
        break;
      case not_yet:
        refused_.push_back(fmt::format("{} is not here yet ({})", word.name, foreign.about));
        break;
      case server:
        refused_.push_back(
            fmt::format("{} is not here yet (the server: {})", word.name, foreign.about));
        break;
      case elsewhere:
        refused_.push_back(fmt::format("{}: {}", word.name, foreign.about));
        break;
    }
    return {};
  }

  Error unknown(const std::string& name) const {
    std::vector<std::string> known{"--help", "--help-all"};
    for (const Flag& flag : declarations_.flags)
      if (!flag.is_word) known.insert(known.end(), flag.names.begin(), flag.names.end());
    if (declarations_.takes_foreign_flags)
      for (const ForeignFlag& foreign : foreign_flags())
        for (std::string& typed : split_names(foreign.names)) known.push_back(std::move(typed));
    const std::string guess = nearest(name, known);
    return {ErrorCode::usage,
            fmt::format("unknown flag '{}'{}", printable(name, 60),
                        guess.empty() ? "" : fmt::format("; did you mean '{}'?", guess))};
  }

  Result<void> set_words() {
    std::size_t at = 0;
    for (const Flag& flag : declarations_.flags) {
      if (!flag.is_word) continue;
      const std::size_t n = flag.takes_all_words ? positional_.size() : std::size_t{1};
      for (std::size_t i = 0; i < n && at < positional_.size(); ++i) {
        TRY(set(flag, flag.names[0], positional_[at++]));
        ++given_[&flag];
      }
    }
    if (at == positional_.size()) return {};
    return fail(ErrorCode::usage, "unexpected argument '{}'", printable(positional_[at], 60));
  }

  // A variable stands in for what nobody typed, so a model that is named by a word beats the one of
  // HEARTH_MODEL as well.
  Result<void> set_from_variables() {
    bool is_named = !positional_.empty();
    for (const Flag& flag : declarations_.flags)
      is_named = is_named || (flag.is_model && given_.contains(&flag));
    for (const Flag& flag : declarations_.flags) {
      if (flag.variable_name.empty() || given_.contains(&flag) || (flag.is_model && is_named))
        continue;
      for (const char* prefix : {"HEARTH_", "LLAMA_ARG_"}) {
        const std::string variable = prefix + flag.variable_name;
        const char* value = std::getenv(variable.c_str());
        if (value == nullptr || *value == '\0') continue;
        TRY(set(flag, variable, value));
        ++given_[&flag];
        is_named = is_named || flag.is_model;
        break;
      }
    }
    if (declarations_.takes_foreign_flags) warn_of_foreign_variables();
    return {};
  }

  void tell_given() const {
    if (declarations_.given == nullptr) return;
    bool is_named = false;
    for (const auto& [flag, n] : given_) {
      declarations_.given->insert(flag->names[0]);
      is_named = is_named || flag->is_model || flag->is_word;
    }
    for (const Flag& flag : declarations_.flags)
      if (is_named && flag.is_model) declarations_.given->insert(flag.names[0]);
  }

  void warn_of_foreign_variables() {
    for (const ForeignFlag& foreign : foreign_flags()) {
      if (foreign.fate != ForeignFlag::Fate::not_yet || foreign.variable.empty()) continue;
      const std::string variable = fmt::format("LLAMA_ARG_{}", foreign.variable);
      const char* text = std::getenv(variable.c_str());
      const std::string_view value = text == nullptr ? "" : text;
      const bool is_off = value == "0" || value == "off" || value == "false" || value == "disabled";
      if (value.empty() || value == foreign.neutral ||
          (foreign.takes == ForeignFlag::Takes::nothing && is_off))
        continue;
      warnings_.push_back(fmt::format("hearth: warning: {} is ignored: not here yet ({})", variable,
                                      foreign.about));
    }
  }

  std::vector<std::string> notes() {
    std::vector<std::string> lines = std::move(warnings_);
    if (!idle_.empty())
      lines.push_back(fmt::format("hearth: note: no effect here: {}", join(idle_, ", ")));
    return lines;
  }

  const Declarations& declarations_;
  std::span<const std::string> words_;
  std::size_t next_ = 0;
  std::vector<std::string> positional_, warnings_, idle_, refused_;
  std::map<const Flag*, int> given_;
};

}  // namespace

Result<std::vector<std::string>> parse_flags(const Declarations& declarations,
                                             std::span<const std::string> words) {
  return FlagParser(declarations).parse(words);
}

}  // namespace hearth::app
