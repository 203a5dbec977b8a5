// SPDX-License-Identifier: Apache-2.0
#include "chat_session.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/test_support.h"

namespace hearth::app {
namespace {

using testing::HasSubstr;

ChatSession example() {
  ChatSession session;
  session.model = "smollm2";
  session.system = "Be \"brief\".\n";
  session.parameters = {{"seed", "7"}, {"temperature", "0.5"}};
  session.turns = {{ChatTurn::Role::user, "Hi \xF0\x9F\x94\xA5"},
                   {ChatTurn::Role::assistant, "<think>\nhm\n</think>\n\nHello\x01"},
                   {ChatTurn::Role::user, "And?"}};
  return session;
}

mode_t session_mode(const std::string& path) {
  struct stat status;
  CHECK(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

TEST(ChatSession, SurvivesItsFile) {
  const test::TempDir folder;
  const std::string path = folder.file("chats/one.json");
  ASSERT_TRUE(save_session(example(), path));
  const auto loaded = load_session(path);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(*loaded, example());
  EXPECT_TRUE(loaded->is_open());
  EXPECT_EQ(session_mode(path), 0600U);
  EXPECT_EQ(session_mode(folder.file("chats")), 0700U);
  // A file that is there is replaced, whoever could read it.
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  ASSERT_TRUE(save_session({}, path));
  EXPECT_EQ(load_session(path).value(), ChatSession());
  EXPECT_EQ(session_mode(path), 0600U);
}

TEST(ChatSession, RefusesWhatItCannotHaveWritten) {
  const Json good = to_json(example());
  const auto changed = [&good](const char* key, const Json& value) {
    Json object = good;
    object[key] = value;
    return to_json_text(object);
  };
  ASSERT_TRUE(parse_session(to_json_text(good)));
  const Json user = {{"role", "user"}, {"content", "x"}};
  const std::pair<std::string, std::string> cases[] = {
      {"", "JSON"},
      {"[1]", "not a saved chat"},
      {"{}", "not a saved chat"},
      {changed("hearth_chat", "1"), "not a saved chat"},
      {changed("hearth_chat", 2), "form 2"},
      {changed("model", 1), "\"model\" is not a text"},
      {changed("system", nullptr), "\"system\" is not a text"},
      {changed("parameters", Json::array()), "of another kind"},
      {changed("parameters", {{"seed", 7}}), "\"seed\" is not a text"},
      {changed("messages", "x"), "of another kind"},
      {changed("messages", Json::array({user, user})), "message 2 is not one of the assistant"},
      {changed("messages", Json::array({{{"role", "system"}, {"content", "x"}}})), "message 1"},
      {changed("messages", Json::array({{{"role", "user"}}})), "\"content\" is not a text"},
      {changed("messages", Json::array({1})), "message 1"},
  };
  for (const auto& [text, expected] : cases) {
    const auto session = parse_session(text);
    ASSERT_FALSE(session) << text;
    EXPECT_THAT(session.error().message, HasSubstr(expected)) << text;
  }
}

TEST(ChatSession, NamesAndPaths) {
  const test::TempDir folder;
  ::setenv("HEARTH_HOME", folder.path().c_str(), 1);
  EXPECT_EQ(session_path("one").value(), folder.file("state/chats/one.json"));
  EXPECT_EQ(session_path("./one").value(), "./one");
  EXPECT_EQ(session_path("one.json").value(), "one.json");
  for (const char* bad : {"", ".", "..", ".hidden", "a\nb", "\033[2J"})
    EXPECT_FALSE(session_path(bad)) << bad;
  EXPECT_FALSE(session_path(std::string(200, 'a')));
  ::unsetenv("HEARTH_HOME");
}

TEST(ChatSession, MessagesForTheTemplate) {
  EXPECT_EQ(to_json_text(to_messages(example())),
            R"([{"role":"system","content":"Be \"brief\".\n"},)"
            R"({"role":"user","content":"Hi 🔥"},)"
            R"({"role":"assistant","content":"<think>\nhm\n</think>\n\nHello\u0001"},)"
            R"({"role":"user","content":"And?"}])");
  EXPECT_EQ(to_json_text(to_messages({})), "[]");
}

}  // namespace
}  // namespace hearth::app
