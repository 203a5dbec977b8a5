// SPDX-License-Identifier: Apache-2.0
#include "help.h"

#include <fmt/format.h>

#include <algorithm>

namespace hearth::app {
namespace {

constexpr std::size_t kHelpColumn = 30, kWidth = 90;

// Appends the words of TEXT from column kHelpColumn on, in lines of kWidth; the current line has
// reached column AT.
void append_wrapped(std::string& page, std::size_t at, std::string_view text) {
  if (at + 2 > kHelpColumn) {
    page += '\n';
    at = 0;
  }
  page.append(kHelpColumn - at, ' ');
  at = kHelpColumn;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find(' '), text.size());
    if (at > kHelpColumn && at + 1 + length > kWidth) {
      page += '\n';
      page.append(kHelpColumn, ' ');
      at = kHelpColumn;
    }
    if (at > kHelpColumn) {
      page += ' ';
      ++at;
    }
    page += text.substr(0, length);
    at += length;
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  page += '\n';
}

// The usual help shows the first short and the first long name.
std::vector<std::string> shown_names(const Flag& flag, HelpSize size) {
  if (size == HelpSize::whole) return flag.names;
  std::vector<std::string> names{flag.names[0]};
  if (flag.names.size() > 1 && !flag.names[0].starts_with("--")) names.push_back(flag.names[1]);
  return names;
}

void append_flag(std::string& page, const Flag& flag, HelpSize size) {
  std::string names = fmt::format("  {}", fmt::join(shown_names(flag, size), ", "));
  if (!flag.is_word && !flag.value_name.empty()) names += " " + flag.value_name;
  page += names;
  std::string help = flag.help;
  const std::string variables = variables_of(flag);
  if (size == HelpSize::whole && !variables.empty()) help += fmt::format(" [{}]", variables);
  append_wrapped(page, names.size(), help);
}

bool is_shown(const Flag& flag, HelpSize size) {
  return size == HelpSize::whole || !flag.is_rare;
}

}  // namespace

std::span<const ExitStatus> exit_statuses() {
  static constexpr ExitStatus kStatuses[] = {
      {0, "done"},
      {1, "failed"},
      {2, "usage: the command line is wrong"},
      {3, "not found: no such model or file"},
      {4,
       "integrity: a file is malformed, has the wrong hash, or is of a kind that is not "
       "supported"},
      {5, "does not fit into memory or context"},
      {130, "interrupted"},
  };
  return kStatuses;
}

std::span<const EnvironmentVariable> environment_variables() {
  static constexpr EnvironmentVariable kVariables[] = {
      {"HEARTH_HOME",
       "the folder of the store, instead of XDG_DATA_HOME/hearth or "
       "~/.local/share/hearth"},
      {"HF_TOKEN", "sent to the Hugging Face hub when a model is fetched"},
      {"HF_ENDPOINT", "another address of the hub"},
      {"HF_HUB_OFFLINE", "if 1: nothing is fetched"},
      {"HF_HUB_CACHE, HF_HOME, LLAMA_CACHE, OLLAMA_MODELS", "where other programs keep models"},
      {"HEARTH_ELSEWHERE", "if 0: the models of other programs are left alone"},
      {"https_proxy, http_proxy, no_proxy", "proxies for fetching"},
      {"NO_COLOR", "if set to anything: no colours"},
      {"TERM", "if \"dumb\": no colours"},
  };
  return kVariables;
}

std::string_view heading_of(CommandGroup group) {
  switch (group) {
    case CommandGroup::answers:
      return "Answers";
    case CommandGroup::models:
      return "Models";
    case CommandGroup::tools:
      return "Tools";
    case CommandGroup::program:
      return "This program";
  }
  return {};
}

std::string variables_of(const Flag& flag) {
  if (flag.variable_name.empty()) return {};
  return fmt::format("HEARTH_{0}, LLAMA_ARG_{0}", flag.variable_name);
}

std::string usage_line(const Command& command, const Declarations& declarations) {
  std::string line = fmt::format("hearth {}", command.name);
  for (const Flag& flag : declarations.flags)
    if (flag.is_word) line += " " + flag.names[0];
  return line + " [FLAGS]";
}

std::vector<std::string> headings_of(const Declarations& declarations) {
  std::vector<std::string> headings;
  for (const Flag& flag : declarations.flags)
    if (std::ranges::find(headings, flag.heading) == headings.end())
      headings.push_back(flag.heading);
  std::ranges::stable_partition(headings, [](const std::string& text) { return text.empty(); });
  return headings;
}

std::string overview() {
  std::string page =
      "hearth: local LLM inference for Linux\n\nUsage: hearth COMMAND [WORDS] [FLAGS]\n";
  std::string_view heading;
  for (const CommandGroup group :
       {CommandGroup::answers, CommandGroup::models, CommandGroup::tools, CommandGroup::program})
    for (const Command& command : commands()) {
      if (command.group != group) continue;
      if (heading != heading_of(group)) page += fmt::format("\n{}:\n", heading_of(group));
      heading = heading_of(group);
      page += fmt::format("  {:<13}{}\n", command.name, command.summary);
    }
  page += fmt::format("  {:<13}{}\n\n", "help", "this text, or 'hearth help COMMAND'");
  page += fmt::format("{}\n\nExit status:\n", kAboutModels);
  for (const ExitStatus& status : exit_statuses())
    page += fmt::format("  {:<5}{}\n", status.status, status.meaning);
  return page;
}

std::string help_text(const Command& command, HelpSize size) {
  const Declarations declarations = declarations_of(command);
  std::string page =
      fmt::format("{}\n\nUsage: {}\n", command.summary, usage_line(command, declarations));
  std::size_t n_hidden = 0;
  for (const std::string& heading : headings_of(declarations)) {
    std::string part;
    for (const Flag& flag : declarations.flags) {
      if (flag.heading != heading || flag.help.empty()) continue;
      if (is_shown(flag, size))
        append_flag(part, flag, size);
      else
        ++n_hidden;
    }
    if (part.empty()) continue;
    page += heading.empty() ? "\n" : fmt::format("\n{}:\n", heading);
    page += part;
  }
  if (n_hidden > 0)
    page += fmt::format("\n'hearth {} --help-all' shows {} more flag{}.\n", command.name, n_hidden,
                        n_hidden == 1 ? "" : "s");
  if (size == HelpSize::whole && declarations.takes_foreign_flags)
    page +=
        "\nllama.cpp's other flags are understood: what has no effect here is said so, what\n"
        "would change the answer is refused. The manual lists them: hearth man | man -l -\n";
  return page;
}

}  // namespace hearth::app
