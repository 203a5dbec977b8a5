// SPDX-License-Identifier: Apache-2.0
#include "chat_commands.h"

#include <gmock/gmock.h>

namespace hearth::app {

// For failures.
void PrintTo(const ChatCommand& command, std::ostream* out) {
  *out << static_cast<int>(command.kind) << " '" << command.name << "' '" << command.value << "'";
}

namespace {

using Kind = ChatCommand::Kind;
using testing::HasSubstr;

TEST(ChatCommands, Parse) {
  const std::pair<std::string, ChatCommand> cases[] = {
      {"", {Kind::nothing}},
      {" \t", {Kind::nothing}},
      {"hello", {Kind::message, "", "hello"}},
      {" what is / for? ", {Kind::message, "", "what is / for?"}},
      {"/help", {Kind::help}},
      {"/?", {Kind::help}},
      {" /bye ", {Kind::bye}},
      {"/exit", {Kind::bye}},
      {"/clear", {Kind::clear}},
      {"/retry", {Kind::retry}},
      {"/system Be brief.", {Kind::system, "", "Be brief."}},
      {"/system", {Kind::system}},
      {"/set system \"Be brief.\"", {Kind::system, "", "Be brief."}},
      {"/set parameter temperature 0.5", {Kind::parameter, "temperature", "0.5"}},
      {"/set parameter stop \"###\"", {Kind::parameter, "stop", "###"}},
      {"/set nohistory", {Kind::set, "nohistory"}},
      {"/set verbose", {Kind::set, "verbose"}},
      {"/show", {Kind::show, "info"}},
      {"/show template", {Kind::show, "template"}},
      {"/save my chat", {Kind::save, "", "my chat"}},
      {"/load  /tmp/x.json", {Kind::load, "", "/tmp/x.json"}},
  };
  for (const auto& [text, expected] : cases) {
    const auto command = parse_chat_text(text);
    ASSERT_TRUE(command) << text << ": " << command.error().message;
    EXPECT_EQ(*command, expected) << text;
  }
}

TEST(ChatCommands, WhatIsNoCommandIsAMessage) {
  for (const char* text : {"/usr/bin/env: what is it?", "/1", "/", "// comment", "/clear\nand more",
                           "/no_think why"}) {
    const auto command = parse_chat_text(text);
    ASSERT_TRUE(command) << text;
    EXPECT_EQ(*command, (ChatCommand{Kind::message, "", text}));
  }
  EXPECT_FALSE(parse_chat_text("/etc"));  // a word of letters is meant as a command
}

TEST(ChatCommands, SaysWhatWasMeant) {
  const std::pair<std::string, std::string> cases[] = {
      {"/claer", "did you mean /clear?"},
      {"/nothingofthesort", "/help lists what there is"},
      {"/set", "there are parameter, system, history"},
      {"/set verbos", "did you mean /set verbose?"},
      {"/set parameter temperature", "/set parameter NAME VALUE"},
      {"/show sytem", "did you mean /show system?"},
      {"/save", "give a name or a path"},
      {"/load", "give a name or a path"},
  };
  for (const auto& [text, expected] : cases) {
    const auto command = parse_chat_text(text);
    ASSERT_FALSE(command) << text;
    EXPECT_EQ(command.error().code, ErrorCode::usage);
    EXPECT_THAT(command.error().message, HasSubstr(expected)) << text;
  }
}

TEST(ChatCommands, FencesHoldAnything) {
  const std::pair<std::string, ChatCommand> cases[] = {
      {"\"\"\"/bye\"\"\"", {Kind::message, "", "/bye"}},
      {"\"\"\"\na\n\nb \n\"\"\"", {Kind::message, "", "a\n\nb "}},
      {"\"\"\"a\n/bye\"\"\" ", {Kind::message, "", "a\n/bye"}},
      {"\"\"\"\"\"\"", {Kind::message}},
      {"/system \"\"\"\na\nb\"\"\"", {Kind::system, "", "a\nb"}},
      {"/set system \"\"\"a\nb\"\"\"", {Kind::system, "", "a\nb"}},
      {"two\nlines", {Kind::message, "", "two\nlines"}},
  };
  for (const auto& [text, expected] : cases) {
    const auto command = parse_chat_text(text);
    ASSERT_TRUE(command) << text;
    EXPECT_EQ(*command, expected) << text;
  }
}

TEST(ChatCommands, FencesAskForMore) {
  for (const char* text : {"\"\"\"", "\"\"\"a", "  \"\"\"a\nb", "\"\"\"\"", "\"\"\"\"\"",
                           "/system \"\"\"a", "/set system \"\"\"", "\"\"\"a\"\"\" b"})
    EXPECT_TRUE(wants_more_lines(text)) << text;
  for (const char* text :
       {"", "a", "a \"\"\"", "\"\"\"a\"\"\"", "\"\"\"\"\"\"", "\"\"\"a\nb\"\"\"  ", "/system a",
        "/system \"\"\"a\"\"\"", "/save \"\"\""})
    EXPECT_FALSE(wants_more_lines(text)) << text;
}

TEST(ChatCommands, HelpNamesThemAll) {
  for (const char* word : {"/set parameter", "/set system", "/show", "/retry", "/clear", "/save",
                           "/load", "/bye", "/?", "\"\"\"", "nohistory", "hidethinking"})
    EXPECT_THAT(std::string(chat_help()), HasSubstr(word));
}

}  // namespace
}  // namespace hearth::app
