// SPDX-License-Identifier: Apache-2.0
#include "manual.h"

#include <fmt/format.h>

#include <algorithm>

#include "command.h"
#include "foreign_flags.h"
#include "help.h"

namespace hearth::app {
namespace {

// Roff takes these for something else, or prints them as typographic signs that cannot be copied
// back into a shell.
std::string roff(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '\\':
        escaped += "\\e";
        break;
      case '-':
        escaped += "\\-";
        break;
      case '\'':
        escaped += "\\(aq";
        break;
      case '"':
        escaped += "\\(dq";
        break;
      case '~':
        escaped += "\\(ti";
        break;
      case '^':
        escaped += "\\(ha";
        break;
      case '`':
        escaped += "\\(ga";
        break;
      case ';':
        escaped += ";\\:";  // a long list may go on in the next line
        break;
      default:
        escaped += c;
    }
  }
  return text.starts_with('.') ? "\\&" + escaped : escaped;
}

// "List the models." of "list the models".
std::string sentence(std::string_view text) {
  std::string capital(text);
  if (!capital.empty() && capital[0] >= 'a' && capital[0] <= 'z') capital[0] -= 'a' - 'A';
  return capital + ".";
}

std::string roff_entry(const std::string& head, std::string_view text) {
  return fmt::format(".TP\n{}\n{}\n", head, roff(text));
}

std::string help_with_variables(const Flag& flag) {
  const std::string variables = variables_of(flag);
  return variables.empty() ? flag.help : fmt::format("{} [{}]", flag.help, variables);
}

std::string roff_flag(const Flag& flag) {
  std::string head;
  for (const std::string& name : flag.names)
    head += fmt::format("{}\\fB{}\\fR", head.empty() ? "" : ", ", roff(name));
  if (!flag.is_word && !flag.value_name.empty())
    head += fmt::format(" \\fI{}\\fR", roff(flag.value_name));
  return roff_entry(head, help_with_variables(flag));
}

std::string roff_command(const Command& command) {
  const Declarations declarations = declarations_of(command);
  std::string text = fmt::format(".SS \"{}\"\n{}\n", roff(usage_line(command, declarations)),
                                 roff(sentence(command.summary)));
  for (const std::string& heading : headings_of(declarations)) {
    if (!heading.empty()) text += fmt::format(".PP\n\\fI{}\\fR\n", roff(heading));
    for (const Flag& flag : declarations.flags)
      if (flag.heading == heading && !flag.help.empty()) text += roff_flag(flag);
  }
  return text;
}

struct FateText {
  ForeignFlag::Fate fate;
  std::string_view title, about;
};

constexpr FateText kFates[] = {
    {ForeignFlag::Fate::always, "Always so", "Accepted in silence: what they ask for is the case."},
    {ForeignFlag::Fate::no_effect, "No effect",
     "Accepted, and one line on standard error says that they change nothing here."},
    {ForeignFlag::Fate::retired, "Retired by llama.cpp",
     "Accepted like those without effect; llama.cpp has another name for them now."},
    {ForeignFlag::Fate::not_yet, "Not yet",
     "Refused by name, since the answer would be another one. Exit status 2."},
    {ForeignFlag::Fate::server, "Of the server, not yet",
     "Refused by name: there is no server yet. Exit status 2."},
    {ForeignFlag::Fate::elsewhere, "Elsewhere", "Refused with the advice that stands here."},
};

std::string plain_names(const ForeignFlag& flag) {
  return fmt::format("{}", fmt::join(split_names(flag.names), ", "));
}

std::string roff_foreign_flags() {
  std::string text =
      ".SH FLAGS OF LLAMA.CPP\nCommands that take a model understand the flags of llama.cpp's "
      "programs. Those that Hearth has not got itself:\n";
  for (const FateText& fate : kFates) {
    text += fmt::format(".SS {}\n{}\n", roff(fate.title), roff(fate.about));
    for (const ForeignFlag& flag : foreign_flags())
      if (flag.fate == fate.fate) text += roff_entry(roff(plain_names(flag)), flag.about);
  }
  return text;
}

// Within a cell of a table.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
  return escaped;
}

std::string markdown_flag(const Flag& flag) {
  std::string head;
  for (const std::string& name : flag.names)
    head += fmt::format("{}`{}`", head.empty() ? "" : ", ", name);
  if (!flag.is_word && !flag.value_name.empty()) head += " " + flag.value_name;
  const std::string variable =
      flag.variable_name.empty() ? "" : fmt::format("`{}`", flag.variable_name);
  return fmt::format("| {} | {} | {} |\n", cell(head), cell(flag.help), variable);
}

std::string markdown_command(const Command& command) {
  const Declarations declarations = declarations_of(command);
  std::string text = fmt::format("### hearth {}\n{}\n\n```\n{}\n```\n", command.name,
                                 sentence(command.summary), usage_line(command, declarations));
  for (const std::string& heading : headings_of(declarations)) {
    std::string rows;
    for (const Flag& flag : declarations.flags)
      if (flag.heading == heading && !flag.help.empty()) rows += markdown_flag(flag);
    if (!rows.empty())
      text += fmt::format("\n| {} | | variable |\n|---|---|---|\n{}",
                          heading.empty() ? "flag" : heading, rows);
  }
  return text + "\n";
}

std::string markdown_foreign_flags() {
  std::string text =
      "## Flags of llama.cpp\nCommands that take a model understand the flags of llama.cpp's "
      "programs. Those that\nHearth has not got itself:\n";
  for (const FateText& fate : kFates) {
    text += fmt::format("\n### {}\n{}\n\n| flag | about |\n|---|---|\n", fate.title, fate.about);
    for (const ForeignFlag& flag : foreign_flags())
      if (flag.fate == fate.fate)
        text += fmt::format("| `{}` | {} |\n", fmt::join(split_names(flag.names), "`, `"),
                            cell(flag.about));
  }
  return text;
}

constexpr std::string_view kAboutFlags =
    "A flag may stand before or after the words. \"--foo_bar\" is \"--foo-bar\", \"--flag=value\" "
    "is \"--flag value\", and \"--\" ends the flags. Of a flag given twice the last counts, with a "
    "warning. Where a flag has an environment variable, HEARTH_NAME sets it, or else "
    "LLAMA_ARG_NAME, which llama.cpp reads; the flag itself beats both, and so does a MODEL that "
    "is "
    "named by a word.";

constexpr std::string_view kAboutOutput =
    "Answers and lists go to standard output, everything else to standard error. Colours and "
    "progress bars appear on a terminal only. --json prints for programs. When the reader of "
    "standard output has gone, the program ends without a word.";

}  // namespace

std::string manual_roff() {
  std::string text = fmt::format(
      ".TH HEARTH 1 \"\" \"Hearth {}\" \"User commands\"\n.nh\n.ad l\n.SH NAME\nhearth \\- local "
      "LLM inference "
      "for Linux\n.SH SYNOPSIS\n.B hearth\n.I COMMAND\n[\\fIWORDS\\fR] [\\fIFLAGS\\fR]\n.SH "
      "DESCRIPTION\nRuns GGUF models on this machine. A MODEL is a name from \\fBhearth list\\fR "
      "or "
      "the path of a GGUF file.\n.PP\n{}\n.PP\n{}\n.SH COMMANDS\n",
      roff(HEARTH_VERSION), roff(kAboutFlags), roff(kAboutOutput));
  for (const Command& command : commands()) text += roff_command(command);
  text += roff_foreign_flags();
  text += ".SH ENVIRONMENT\n";
  for (const EnvironmentVariable& variable : environment_variables())
    text += roff_entry(fmt::format("\\fB{}\\fR", roff(variable.name)), variable.meaning);
  text += ".SH EXIT STATUS\n";
  for (const ExitStatus& status : exit_statuses())
    text += roff_entry(fmt::format("\\fB{}\\fR", status.status), status.meaning);
  return text + fmt::format(".SH EXAMPLES\n.nf\n{}\n{}\n{}\n.fi\n",
                            roff("hearth run smollm2 \"Write a haiku about rain\" --temp 0.7"),
                            roff("cat letter.txt | hearth run smollm2 \"Summarise this letter\""),
                            roff("hearth show smollm2 --json"));
}

std::string manual_markdown() {
  std::string text = fmt::format(
      "# Commands\nMade by `hearth man --markdown`; a test keeps it so. The same as a manual page: "
      "`hearth man | man -l -`.\n\n{}\n\n{}\n\n## All commands\n",
      kAboutFlags, kAboutOutput);
  for (const Command& command : commands()) text += markdown_command(command);
  text += markdown_foreign_flags();
  text += "\n## Environment\n\n| variable | meaning |\n|---|---|\n";
  for (const EnvironmentVariable& variable : environment_variables())
    text += fmt::format("| `{}` | {} |\n", variable.name, variable.meaning);
  text += "\n## Exit status\n\n| status | meaning |\n|---|---|\n";
  for (const ExitStatus& status : exit_statuses())
    text += fmt::format("| {} | {} |\n", status.status, status.meaning);
  return text;
}

}  // namespace hearth::app
