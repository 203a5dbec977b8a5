// SPDX-License-Identifier: Apache-2.0
#include "completions.h"

#include <fmt/format.h>

#include <algorithm>

#include "command.h"

namespace hearth::app {
namespace {

// What may follow a flag, or stand where a word is.
enum class Completes { nothing, files, models, values };

Completes completes(const Flag& flag) {
  if (!flag.values.empty()) return Completes::values;
  if (flag.value_name.starts_with("MODEL")) return Completes::models;
  if (flag.is_word || flag.value_name == "FILE") return Completes::files;
  return Completes::nothing;
}

std::string with_escaped(std::string_view text, std::string_view special, std::string_view by) {
  std::string escaped;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) escaped += by;
    escaped += c;
  }
  return escaped;
}

// Within single quotes of bash and zsh.
std::string shell_quoted(std::string_view text) {
  std::string quoted;
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return "'" + quoted + "'";
}

std::string fish_quoted(std::string_view text) {
  return "'" + with_escaped(text, "\\'", "\\") + "'";
}

std::string all_names(const Declarations& declarations) {
  std::string names = "--help --help-all";
  for (const Flag& flag : declarations.flags)
    if (!flag.is_word) names += fmt::format(" {}", fmt::join(flag.names, " "));
  return names;
}

const Flag* first_word(const Declarations& declarations) {
  const auto found = std::ranges::find_if(declarations.flags, &Flag::is_word);
  return found == declarations.flags.end() ? nullptr : &*found;
}

std::string command_names() {
  std::string names;
  for (const Command& command : commands()) names += fmt::format("{} ", command.name);
  return names + "help";
}

// The line of bash that offers what FLAG takes.
std::string bash_offer(const Flag& flag) {
  switch (completes(flag)) {
    case Completes::values:
      return fmt::format("_hearth_words '{}'", fmt::join(flag.values, " "));
    case Completes::files:
      return "_hearth_files";
    case Completes::models:
      return "_hearth_models";
    case Completes::nothing:
      break;
  }
  return ":";
}

std::string bash_case(const Command& command) {
  const Declarations declarations = declarations_of(command);
  std::string text = fmt::format("    {})\n      case $previous in\n", command.name);
  for (const Flag& flag : declarations.flags)
    if (!flag.is_word && !flag.value_name.empty())
      text +=
          fmt::format("        {}) {}; return ;;\n", fmt::join(flag.names, "|"), bash_offer(flag));
  text += fmt::format("      esac\n      flags='{}'\n", all_names(declarations));
  if (const Flag* word = first_word(declarations))
    text += fmt::format("      words={}\n", shell_quoted(bash_offer(*word)));
  return text + "      ;;\n";
}

std::string zsh_action(const Flag& flag) {
  switch (completes(flag)) {
    case Completes::values:
      return fmt::format("({})", fmt::join(flag.values, " "));
    case Completes::files:
      return "_files";
    case Completes::models:
      return "_hearth_models";
    case Completes::nothing:
      break;
  }
  return " ";
}

// One argument of zsh's _arguments, which gives ':', '[' and ']' a meaning of their own.
std::string zsh_spec(const Flag& flag) {
  const std::string value = with_escaped(flag.value_name, ":[]\\", "\\");
  if (flag.is_word)
    return shell_quoted(
        fmt::format("{}:{}:{}", flag.takes_all_words ? "*" : "", value, zsh_action(flag)));
  std::string what = fmt::format("[{}]", with_escaped(flag.help, ":[]\\", "\\"));
  if (!flag.value_name.empty()) what += fmt::format(":{}:{}", value, zsh_action(flag));
  const std::string names = fmt::format("{}", fmt::join(flag.names, " "));
  std::string spec = flag.may_repeat ? "'*'" : fmt::format("'({})'", names);
  spec +=
      flag.names.size() == 1 ? flag.names[0] : fmt::format("{{{}}}", fmt::join(flag.names, ","));
  return spec + shell_quoted(what);
}

std::string fish_line(const Command& command, const Flag& flag) {
  std::string line =
      fmt::format("complete -c hearth -n '__fish_seen_subcommand_from {}'", command.name);
  if (!flag.is_word)
    for (const std::string& name : flag.names) {
      if (name.starts_with("--"))
        line += " -l " + name.substr(2);
      else
        line += (name.size() == 2 ? " -s " : " -o ") + name.substr(1);
    }
  switch (completes(flag)) {
    case Completes::values:
      line += fmt::format(" -x -a '{}'", fmt::join(flag.values, " "));
      break;
    case Completes::files:
      line += flag.is_word ? " -F" : " -r -F";
      break;
    case Completes::models:
      line += flag.is_word ? " -F -a '(__hearth_models)'" : " -r -F -a '(__hearth_models)'";
      break;
    case Completes::nothing:
      if (!flag.value_name.empty()) line += " -x";
      break;
  }
  if (!flag.is_word) line += " -d " + fish_quoted(flag.help);
  return line + "\n";
}

// A model's name may hold a colon, which bash takes for the end of a word: so the word is cut from
// the line itself, and what bash believes to stand there already is cut from the replies.
constexpr std::string_view kBashStart =
    R"sh(# bash completion for hearth; made by 'hearth completion bash'
_hearth_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current"); }
_hearth_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
_hearth_models() {
  _hearth_files
  local models
  models=$(hearth list 2>/dev/null | awk 'NR > 1 { print $1 }')
  mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$models" -- "$current")
}
_hearth() {
  local line=${COMP_LINE:0:COMP_POINT} current previous before flags= words=:
  local -a typed
  read -ra typed <<<"$line"
  [[ $line == *[[:space:]] ]] && typed+=('')
  local n=${#typed[@]}
  current=${typed[n-1]} previous=${typed[n-2]}
  COMPREPLY=()
)sh";

constexpr std::string_view kBashEnd = R"sh(  esac
  if [[ $current == -* ]]; then _hearth_words "$flags"; else eval "$words"; fi
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
    before=${current%"${current##*:}"}
    COMPREPLY=("${COMPREPLY[@]#"$before"}")
  fi
}
complete -F _hearth hearth
)sh";

constexpr std::string_view kZshStart = R"sh(#compdef hearth
# zsh completion for hearth; made by 'hearth completion zsh'
_hearth_models() {
  local -a models
  models=(${(f)"$(hearth list 2>/dev/null | awk 'NR > 1 { print $1 }')"})
  compadd -a models
  _files
}
_hearth() {
  local -a commands
  commands=(
)sh";

constexpr std::string_view kZshMiddle = R"sh(    'help:about a command'
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
    help) _describe command commands ;;
)sh";

constexpr std::string_view kZshEnd = R"sh(  esac
}
if [[ $funcstack[1] == _hearth ]]; then _hearth "$@"; else compdef _hearth hearth; fi
)sh";

constexpr std::string_view kFishStart =
    R"sh(# fish completion for hearth; made by 'hearth completion fish'
function __hearth_models
    hearth list 2>/dev/null | awk 'NR > 1 { print $1 }'
end
complete -c hearth -f
complete -c hearth -n __fish_use_subcommand -a help -d 'about a command'
)sh";

}  // namespace

std::string bash_completion() {
  std::string text(kBashStart);
  text += fmt::format("  if ((n == 2)); then _hearth_words '{}'; return; fi\n", command_names());
  text += "  case ${typed[1]} in\n";
  text += fmt::format("    help) words=\"_hearth_words '{}'\" ;;\n", command_names());
  for (const Command& command : commands()) text += bash_case(command);
  return text.append(kBashEnd);
}

std::string zsh_completion() {
  std::string text(kZshStart);
  for (const Command& command : commands())
    text +=
        fmt::format("    {}\n", shell_quoted(fmt::format("{}:{}", command.name, command.summary)));
  text += kZshMiddle;
  for (const Command& command : commands()) {
    text += fmt::format("    {})\n      _arguments", command.name);
    for (const Flag& flag : declarations_of(command).flags)
      text += " \\\n        " + zsh_spec(flag);
    text += "\n      ;;\n";
  }
  return text.append(kZshEnd);
}

std::string fish_completion() {
  std::string text(kFishStart);
  text += fmt::format("complete -c hearth -n '__fish_seen_subcommand_from help' -a '{}'\n",
                      command_names());
  for (const Command& command : commands()) {
    text += fmt::format("complete -c hearth -n __fish_use_subcommand -a {} -d {}\n", command.name,
                        fish_quoted(command.summary));
    for (const Flag& flag : declarations_of(command).flags) text += fish_line(command, flag);
  }
  return text;
}

}  // namespace hearth::app
