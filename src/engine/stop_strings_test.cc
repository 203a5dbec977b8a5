// SPDX-License-Identifier: Apache-2.0
#include "engine/stop_strings.h"

#include <gtest/gtest.h>

namespace hearth::engine {
namespace {

TEST(StopStrings, HoldsBackWhatCouldBeAStop) {
  StopStrings stops({"END", "\n\n"});
  EXPECT_EQ(stops.push("abc E"), "abc ");
  EXPECT_EQ(stops.push("N"), "");
  EXPECT_EQ(stops.push("x"), "ENx");
  EXPECT_EQ(stops.push("\n"), "");
  EXPECT_EQ(stops.push("yEN"), "\ny");
  EXPECT_EQ(stops.push("D and more"), "");
  EXPECT_TRUE(stops.stopped());
  EXPECT_EQ(stops.push("more"), "");
  EXPECT_EQ(stops.finish(), "");
}

TEST(StopStrings, TheEarliestStopWins) {
  StopStrings stops({"bb", "abb"});
  EXPECT_EQ(stops.push("xabbb"), "x");
  EXPECT_TRUE(stops.stopped());
}

TEST(StopStrings, NothingIsLostAtTheEnd) {
  StopStrings stops({"STOP", ""});
  EXPECT_EQ(stops.push("a STO"), "a ");
  EXPECT_EQ(stops.finish(), "STO");
  StopStrings none({});
  EXPECT_EQ(none.push("anything"), "anything");
}

}  // namespace
}  // namespace hearth::engine
