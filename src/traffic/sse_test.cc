// SPDX-License-Identifier: Apache-2.0
#include "traffic/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hearth::traffic {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> read_in_pieces(std::string_view text, std::size_t piece) {
  EventReader reader;
  std::vector<std::string> events;
  for (std::size_t at = 0; at < text.size(); at += piece)
    EXPECT_TRUE(reader.feed(text.substr(at, piece),
                            [&](std::string_view data) { events.emplace_back(data); }));
  return events;
}

TEST(EventReader, ReadsWhatIsCutAnywhere) {
  const std::string text =
      ": a comment\n\ndata: one\n\ndata:two\r\n\r\nevent: error\rdata: a\rdata:  b\r\rid: 7\n\n"
      "data\n\ndata: \xc3\xa4\n\ndata: lost, since nothing ends it\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece)
    EXPECT_THAT(read_in_pieces(text, piece), ElementsAre("one", "two", "a\n b", "\xc3\xa4"))
        << "in pieces of " << piece;
}

TEST(EventReader, EmptyDataIsAnEvent) {
  EXPECT_THAT(read_in_pieces("data:\n\ndata: \n\n", 3), ElementsAre("", ""));
  EXPECT_THAT(read_in_pieces("\n\n\r\n", 1), IsEmpty());
}

TEST(EventReader, EventsAreBounded) {
  EventReader reader;
  const std::string piece(1 << 20, 'x');
  std::size_t n_taken = 0;
  bool goes_on = reader.feed("data: ", [](std::string_view) {});
  for (; goes_on && n_taken < 1000; ++n_taken)
    goes_on = reader.feed(piece, [](std::string_view) { FAIL(); });
  EXPECT_FALSE(goes_on);
  EXPECT_LT(n_taken, 20u);
  EXPECT_FALSE(reader.feed("\n\ndata: more\n\n", [](std::string_view) { FAIL(); }));
}

}  // namespace
}  // namespace hearth::traffic
