// SPDX-License-Identifier: Apache-2.0
#include "chat_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "base/escape.h"
#include "nearest.h"

namespace hearth::app {
namespace {

using Kind = ChatCommand::Kind;

constexpr std::string_view kFence = "\"\"\"";
constexpr std::string_view kBlanks = " \t";

constexpr std::string_view kChatHelp =
    "  /set parameter NAME VALUE   sampling: temperature, top_k, top_p, seed, num_predict...\n"
    "  /set system TEXT            the system message (also /system TEXT); the chat goes on\n"
    "  /set history, nohistory     keep the lines you type for the next time, or do not\n"
    "  /set verbose, quiet         end each answer with its times and speeds, or do not\n"
    "  /set think, nothink         have the model think first, where its template can say so\n"
    "  /set showthinking, hidethinking\n"
    "  /set markdown, nomarkdown   style the markdown of answers\n"
    "  /show info, parameters, system, template\n"
    "  /retry                      ask the last message again\n"
    "  /clear                      forget the conversation, keep the system message\n"
    "  /save NAME, /load NAME      keep the conversation, and take it up again (NAME or a path)\n"
    "  /bye                        leave (so does Ctrl-D)\n"
    "  /?, /help                   this text\n"
    "  \"\"\"                         begins and ends a message of several lines\n"
    "  Ctrl-C                      stops the answer\n";

struct CommandWord {
  std::string_view word;
  Kind kind;
};
constexpr CommandWord kWords[] = {
    {"?", Kind::help},    {"help", Kind::help},     {"bye", Kind::bye},     {"exit", Kind::bye},
    {"quit", Kind::bye},  {"clear", Kind::clear},   {"retry", Kind::retry}, {"set", Kind::set},
    {"show", Kind::show}, {"system", Kind::system}, {"save", Kind::save},   {"load", Kind::load},
};

// parameter and system take more words and are not listed here.
constexpr std::string_view kSwitches[] = {"history",      "nohistory",   "verbose",  "quiet",
                                          "think",        "nothink",     "markdown", "nomarkdown",
                                          "showthinking", "hidethinking"};
constexpr std::string_view kShown[] = {"info", "parameters", "system", "template"};

std::string_view without_blanks(std::string_view text, std::string_view blanks = " \t\r\n") {
  const std::size_t first = std::min(text.size(), text.find_first_not_of(blanks));
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

// Takes the first word off the text.
std::string_view take_word(std::string_view& text) {
  text = without_blanks(text);
  const std::string_view word = text.substr(0, text.find_first_of(" \t\r\n"));
  text = without_blanks(text.substr(word.size()));
  return word;
}

// Where a """ that opens several lines may stand: at the beginning, or as the system message.
std::string_view fence_part(std::string_view text) {
  text = without_blanks(text, kBlanks);
  std::string_view rest = text;
  const std::string_view command = take_word(rest);
  if (command == "/system") return rest;
  if (command == "/set" && take_word(rest) == "system") return rest;
  return text;
}

// Between """ and """ less the newlines beside them, or between two ", or as it is.
std::string unquoted(std::string_view text) {
  if (text.size() >= 2 * kFence.size() && text.starts_with(kFence) && text.ends_with(kFence)) {
    text = text.substr(kFence.size(), text.size() - 2 * kFence.size());
    if (text.starts_with('\n')) text.remove_prefix(1);
    if (text.ends_with('\n')) text.remove_suffix(1);
    return std::string(text);
  }
  if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"'))
    text = text.substr(1, text.size() - 2);
  return std::string(text);
}

// "/help" and "/helpp" look like commands, "/usr/bin" and "/1" do not.
bool looks_like_command(std::string_view word) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '?'; };
  return word.size() > 1 && word[0] == '/' && std::all_of(word.begin() + 1, word.end(), is_letter);
}

template <class List>
std::vector<std::string> texts(const List& list) {
  return {std::begin(list), std::end(list)};
}

std::unexpected<Error> unknown_word(std::string_view command, std::string_view word,
                                    const std::vector<std::string>& known) {
  const std::string guess = word.empty() ? "" : nearest(std::string(word), known);
  if (!guess.empty())
    return fail(ErrorCode::usage, "{}{}: did you mean {}{}?", command, printable(word, 60), command,
                guess);
  return fail(ErrorCode::usage, "{}{}: there are {}", command, printable(word, 60),
              fmt::join(known, ", "));
}

Result<ChatCommand> parse_set(std::string_view rest) {
  const std::string_view name = take_word(rest);
  if (name == "system") return ChatCommand{Kind::system, {}, unquoted(rest)};
  if (name == "parameter") {
    const std::string_view parameter = take_word(rest);
    if (parameter.empty() || rest.empty())
      return fail(ErrorCode::usage, "/set parameter NAME VALUE; /show parameters lists them");
    return ChatCommand{Kind::parameter, std::string(parameter), unquoted(rest)};
  }
  if (std::ranges::find(kSwitches, name) != std::end(kSwitches))
    return ChatCommand{Kind::set, std::string(name), {}};
  std::vector<std::string> known = texts(kSwitches);
  known.insert(known.begin(), {"parameter", "system"});
  return unknown_word("/set ", name, known);
}

Result<ChatCommand> parse_command(std::string_view text) {
  const std::string_view word = take_word(text).substr(1);
  const auto* found = std::ranges::find(kWords, word, &CommandWord::word);
  if (found == std::end(kWords)) {
    std::vector<std::string> known;
    for (const CommandWord& each : kWords) known.emplace_back(each.word);
    const std::string guess = nearest(std::string(word), known);
    return fail(ErrorCode::usage, "there is no /{}{}; /help lists what there is",
                printable(word, 60), guess.empty() ? "" : ", did you mean /" + guess + "?");
  }
  ChatCommand command{found->kind, {}, {}};
  switch (found->kind) {
    case Kind::set:
      return parse_set(text);
    case Kind::show:
      command.name = text.empty() ? "info" : std::string(text);
      if (std::ranges::find(kShown, command.name) == std::end(kShown))
        return unknown_word("/show ", text, texts(kShown));
      return command;
    case Kind::save:
    case Kind::load:
      if (text.empty()) return fail(ErrorCode::usage, "/{} NAME: give a name or a path", word);
      break;
    default:
      break;
  }
  command.value = unquoted(text);
  return command;
}

}  // namespace

Result<ChatCommand> parse_chat_text(std::string_view text) {
  const std::string_view core = without_blanks(text);
  if (core.empty()) return ChatCommand{};
  const std::string_view fenced = fence_part(core);
  const bool is_one_line = core.find('\n') == std::string_view::npos;
  const bool has_fence = fenced.starts_with(kFence) && fenced.data() != core.data();
  std::string_view rest = core;
  if (looks_like_command(take_word(rest)) && (is_one_line || has_fence)) return parse_command(core);
  if (core.starts_with(kFence)) return ChatCommand{Kind::message, {}, unquoted(core)};
  return ChatCommand{Kind::message, {}, std::string(core)};
}

bool wants_more_lines(std::string_view text) {
  const std::string_view part = without_blanks(fence_part(text));
  return part.starts_with(kFence) && (part.size() < 2 * kFence.size() || !part.ends_with(kFence));
}

std::string_view chat_help() {
  return kChatHelp;
}

}  // namespace hearth::app
