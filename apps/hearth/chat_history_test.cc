// SPDX-License-Identifier: Apache-2.0
#include "chat_history.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/test_support.h"

namespace hearth::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

mode_t history_mode(const std::string& path) {
  struct stat status;
  CHECK(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

TEST(ChatHistory, KeepsEntriesInOrder) {
  const test::TempDir folder;
  const std::string path = folder.file("state/history");
  EXPECT_THAT(load_history(path).value(), IsEmpty());
  const std::vector<std::string> entries = {"one", "two\nlines\n", "back\\slash\\n", "h\xC3\xA9"};
  for (const std::string& entry : entries) ASSERT_TRUE(add_to_history(path, entry));
  ASSERT_TRUE(add_to_history(path, ""));
  ASSERT_TRUE(add_to_history(path, std::string(kMaxHistoryEntryBytes + 1, 'x')));
  EXPECT_EQ(load_history(path).value(), entries);
  EXPECT_EQ(history_mode(path), 0600U);
  EXPECT_EQ(history_mode(folder.file("state")), 0700U);
}

TEST(ChatHistory, IsMadePrivate) {
  const test::TempDir folder;
  const std::string path = folder.write("history", "one\n\n\nbad \xFF byte\ncut");
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  EXPECT_THAT(load_history(path).value(), ElementsAre("one", "bad \xEF\xBF\xBD byte", "cut"));
  EXPECT_EQ(history_mode(path), 0600U);
}

TEST(ChatHistory, ForgetsTheOldest) {
  const test::TempDir folder;
  std::string text;
  for (std::size_t i = 0; i < 2 * kMaxHistoryEntries; ++i) text += std::to_string(i) + "\n";
  const std::string path = folder.write("history", text);
  const auto entries = load_history(path).value();
  ASSERT_EQ(entries.size(), kMaxHistoryEntries);
  EXPECT_EQ(entries.front(), std::to_string(kMaxHistoryEntries));
  EXPECT_EQ(entries.back(), std::to_string(2 * kMaxHistoryEntries - 1));
  ASSERT_TRUE(add_to_history(path, "more"));
  EXPECT_EQ(read_file(path, 1 << 20).value().size(),
            text.size() - text.find("\n1000\n") - 1 + std::string("more\n").size());
}

TEST(ChatHistory, SaysWhatIsWrong) {
  const test::TempDir folder;
  EXPECT_FALSE(load_history(folder.path()));  // a folder
  const std::string file = folder.write("file", "");
  EXPECT_FALSE(add_to_history(file + "/history", "x"));
}

}  // namespace
}  // namespace hearth::app
