// SPDX-License-Identifier: Apache-2.0
//
// Children that speak, fail, never stop speaking and never end.
#include "child_process.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

namespace hearth::app {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

const std::atomic<bool> kNobodyStops = false;

Result<ChildOutput> shell(const std::string& script, const ChildLimits& limits = {},
                          const std::atomic<bool>& stop = kNobodyStops) {
  return run_child("sh", std::vector<std::string>{"-c", script}, limits, stop);
}

TEST(RunChild, TellsWhatItSaidAndHowItEnded) {
  const auto output = shell("echo out; echo err >&2; exit 7");
  ASSERT_TRUE(output.has_value());
  EXPECT_EQ(output->out, "out\n");
  EXPECT_EQ(output->err_tail, "err\n");
  EXPECT_EQ(output->status, 7);
  EXPECT_EQ(shell("kill -9 $$")->status, 128 + 9);
}

TEST(RunChild, ArgumentsAreNotLookedInto) {
  const std::vector<std::string> args = {"%s|", "a b", "$HOME;`x`", ""};
  EXPECT_EQ(run_child("printf", args, {}, kNobodyStops)->out, "a b|$HOME;`x`||");
}

TEST(RunChild, ReadsNothingAndMayBeBrokenByAPipe) {
  EXPECT_EQ(shell("cat; echo end")->out, "end\n");
  EXPECT_EQ(shell("trap '' INT; yes | head -n 1")->out, "y\n");
}

TEST(RunChild, WhatIsNotThereCannotBeStarted) {
  const auto output = run_child("/no/such/program", {}, {}, kNobodyStops);
  ASSERT_FALSE(output.has_value());
  EXPECT_EQ(output.error().code, ErrorCode::not_found);
  EXPECT_THAT(output.error().message, HasSubstr("/no/such/program"));
}

TEST(RunChild, OutputIsBounded) {
  const auto output = shell("yes", {.max_bytes = 100000});
  ASSERT_FALSE(output.has_value());
  EXPECT_THAT(output.error().message, HasSubstr("more than 100000 bytes"));
}

TEST(RunChild, OfStandardErrorTheEndIsKept) {
  const auto output = shell("yes | head -c 3000000 >&2; echo last >&2");
  ASSERT_TRUE(output.has_value());
  EXPECT_LE(output->err_tail.size(), 4096u);
  EXPECT_THAT(output->err_tail, EndsWith("y\nlast\n"));
}

TEST(RunChild, TimeIsBounded) {
  const auto output = shell("sleep 100", {.seconds = 0.2});
  ASSERT_FALSE(output.has_value());
  EXPECT_EQ(output.error().code, ErrorCode::failed);
  EXPECT_THAT(output.error().message, HasSubstr("no end"));
}

// The child of the child, too, is gone: it holds the only other end of a pipe.
TEST(RunChild, StopEndsTheWholeGroup) {
  std::array<int, 2> ends;
  ASSERT_EQ(::pipe(ends.data()), 0);
  std::atomic<bool> stop = false;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    stop = true;
  });
  const auto output = shell("sleep 100 & sleep 100; echo never", {}, stop);
  ASSERT_FALSE(output.has_value());
  EXPECT_EQ(output.error().code, ErrorCode::cancelled);
  ::close(ends[1]);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0);
  ::close(ends[0]);
}

TEST(RunChild, WhoDoesNotListenIsKilled) {
  const std::atomic<bool> stop = true;
  const auto start = std::chrono::steady_clock::now();
  const auto output = shell("trap '' TERM; while :; do sleep 0.1; done", {}, stop);
  EXPECT_EQ(output.error().code, ErrorCode::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

}  // namespace
}  // namespace hearth::app
