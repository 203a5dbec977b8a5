// SPDX-License-Identifier: Apache-2.0
//
// What a peer is asked and what is made of its answer, good or bad. Programs that answer are in
// tests/cli/bench_sweep_test.cc.
#include "bench_peer.h"

#include <gmock/gmock.h>

namespace hearth::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ParsePeer, NamePathAndFlags) {
  const auto plain = parse_peer("/bin/sh");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->name, "sh");
  EXPECT_EQ(plain->program, "/bin/sh");
  EXPECT_THAT(plain->flags, IsEmpty());
  const auto full = parse_peer("the other=/bin/sh  -rtr 1 ");
  EXPECT_FALSE(full.has_value());  // a blank ends what may be a name
  const auto named = parse_peer("other=/bin/sh  -rtr 1 ");
  ASSERT_TRUE(named.has_value());
  EXPECT_EQ(named->name, "other");
  EXPECT_THAT(named->flags, ElementsAre("-rtr", "1"));
  const auto flag = parse_peer("/bin/sh --x=y");
  ASSERT_TRUE(flag.has_value());
  EXPECT_THAT(flag->flags, ElementsAre("--x=y"));
  for (const char* bad : {"", " ", "/no/such/thing", "a=", "/bin", "name=/bin"})
    EXPECT_EQ(parse_peer(bad).error().code, ErrorCode::usage) << bad;
}

TEST(PeerDialect, IsFoundInTheHelp) {
  EXPECT_EQ(dialect_of("  -d, --n-depth <n>  (default: 0)\n -gp <pp,tg>"), PeerDialect::depth_flag);
  EXPECT_EQ(dialect_of("  -gp <pp,tg>  (default: )"), PeerDialect::generation_after_prompt);
  EXPECT_EQ(dialect_of(""), PeerDialect::no_depth);
}

TEST(PeerFlags, AreThoseOfTheSameTest) {
  const BenchPeer peer{.name = "x", .program = "/x", .flags = {"-rtr", "1"}};
  const PeerTest test{.model_path = "a b.gguf",
                      .n_prompt = 512,
                      .n_gen = 32,
                      .n_depth = 1024,
                      .n_threads = 3,
                      .n_batch = 4096,
                      .n_ubatch = 256,
                      .n_repetitions = 2,
                      .type_k = "f16",
                      .type_v = "bf16"};
  EXPECT_THAT(flags_for(peer, PeerDialect::depth_flag, test),
              ElementsAre("-m", "a b.gguf", "-t", "3", "-b", "4096", "-ub", "256", "-ctk", "f16",
                          "-ctv", "bf16", "-fa", "1", "-r", "2", "-o", "json", "-p", "512", "-n",
                          "32", "-d", "1024", "-rtr", "1"));
  const auto other = flags_for(peer, PeerDialect::generation_after_prompt, test);
  EXPECT_THAT(std::vector(other.begin() + 18, other.end()),
              ElementsAre("-p", "0", "-n", "0", "-gp", "1024,32", "-rtr", "1"));
  PeerTest at_zero = test;
  at_zero.n_depth = 0;
  EXPECT_EQ(flags_for(peer, PeerDialect::depth_flag, at_zero),
            flags_for(peer, PeerDialect::generation_after_prompt, at_zero));
}

TEST(PeerSpeeds, OfEachRepetition) {
  const auto speeds = parse_peer_speeds(R"([
    {"build_commit": "abc1234", "build_number": 7, "n_prompt": 512, "n_gen": 0, "avg_ts": 2.0, "samples_ts": [1.5, 2.5]},
    {"build_commit": "abc1234", "build_number": 7, "n_prompt": 0, "n_gen": 32, "avg_ts": 3.25}])");
  ASSERT_TRUE(speeds.has_value());
  EXPECT_THAT(speeds->prompt, ElementsAre(1.5, 2.5));
  EXPECT_THAT(speeds->generation, ElementsAre(3.25));
  EXPECT_EQ(speeds->version, "abc1234 (7)");
}

// Of a generation after a prompt both numbers are above 0.
TEST(PeerSpeeds, OfAGenerationAfterAPrompt) {
  const auto speeds = parse_peer_speeds(
      "loading\n[{\"n_prompt\": 1024, \"n_gen\": 32, \"samples_ts\": [9], \"build_commit\": "
      "\"unknown\"}]");
  ASSERT_TRUE(speeds.has_value());
  EXPECT_THAT(speeds->prompt, IsEmpty());
  EXPECT_THAT(speeds->generation, ElementsAre(9));
  EXPECT_EQ(speeds->version, "");
}

TEST(PeerSpeeds, WhatIsNoSuchThingIsRefused) {
  for (const char* bad :
       {"", "no", "[", "[]", "{}", "[1, null]", R"([{"n_prompt": 512}])",
        R"([{"n_prompt": 512, "avg_ts": "fast"}])", R"([{"n_prompt": 512, "avg_ts": -1}])",
        R"([{"n_prompt": 512, "avg_ts": 1e999}])", R"([{"n_gen": "x", "avg_ts": 5}])",
        R"([{"n_prompt": 512, "avg_ts": 0, "samples_ts": [0, null, "a", -3]}])"}) {
    const auto speeds = parse_peer_speeds(bad);
    ASSERT_FALSE(speeds.has_value()) << bad;
    EXPECT_EQ(speeds.error().code, ErrorCode::integrity) << bad;
  }
}

TEST(PeerRunner, TellsWhyAProgramFailed) {
  const std::atomic<bool> stop = false;
  const auto runner = PeerRunner::create({.name = "x", .program = "/bin/false", .flags = {}}, stop);
  ASSERT_TRUE(runner.has_value());
  const auto speeds = runner->run({.model_path = "x", .n_prompt = 1});
  ASSERT_FALSE(speeds.has_value());
  EXPECT_THAT(speeds.error().message, HasSubstr("exit status 1"));
  EXPECT_EQ(runner->run({.model_path = "x", .n_prompt = 1, .n_depth = 5}).error().code,
            ErrorCode::unsupported);
}

}  // namespace
}  // namespace hearth::app
