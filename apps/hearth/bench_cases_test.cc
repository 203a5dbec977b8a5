// SPDX-License-Identifier: Apache-2.0
#include "bench_cases.h"

#include <gmock/gmock.h>

namespace hearth::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Numbers = std::vector<std::uint32_t>;

Result<Numbers> numbers(std::vector<std::string> texts, std::uint32_t least = 0,
                        std::uint32_t most = 100000) {
  return parse_numbers("-p", texts, least, most);
}

TEST(ParseNumbers, ListsAndRanges) {
  EXPECT_EQ(numbers({"128"}), (Numbers{128}));
  EXPECT_EQ(numbers({"128,512"}), (Numbers{128, 512}));
  EXPECT_EQ(numbers({"3-6"}), (Numbers{3, 4, 5, 6}));
  EXPECT_EQ(numbers({"0-100+50"}), (Numbers{0, 50, 100}));
  EXPECT_EQ(numbers({"0-99+50"}), (Numbers{0, 50}));
  EXPECT_EQ(numbers({"1-20*3"}), (Numbers{1, 3, 9}));
  EXPECT_EQ(numbers({"7-7*1"}), (Numbers{7}));
  EXPECT_EQ(numbers({"1,8-32*2,5"}), (Numbers{1, 8, 16, 32, 5}));
}

TEST(ParseNumbers, AFlagThatIsGivenAgainAddsUp) {
  EXPECT_EQ(numbers({"128", "256,512"}), (Numbers{128, 256, 512}));
  EXPECT_EQ(numbers({}), Numbers{});
}

TEST(ParseNumbers, RefusesTheRest) {
  for (const char* text : {"", "x", "12x", "1,", ",1", "1,,2", "-5", "3-", "5-3", "1-9+", "1-9*x",
                           "1-9/2", "1-9+2+3", "99999999999", "1.5", " 1"}) {
    const auto result = numbers({text});
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().code, ErrorCode::usage);
    EXPECT_THAT(result.error().message, HasSubstr("-p"));
  }
  for (const char* text : {"1-9+0", "1-9*1", "0-9*2"})
    EXPECT_THAT(numbers({text}).error().message, HasSubstr("does not advance")) << text;
  EXPECT_THAT(numbers({"0"}, 1).error().message, HasSubstr("from 1 to"));
  EXPECT_THAT(numbers({"1-9"}, 0, 8).error().message, HasSubstr("to 8"));
  EXPECT_THAT(numbers({"1-90000"}).error().message, HasSubstr("more than 10000"));
}

TEST(ParseNumbers, TheLargestNumberEndsARange) {
  EXPECT_EQ(numbers({"4294967290-4294967295+3"}, 0, 4294967295), (Numbers{4294967290, 4294967293}));
}

TEST(ParsePromptAndGen, IsTwoNumbers) {
  EXPECT_EQ(parse_prompt_and_gen("512,128"), PromptAndGen(512, 128));
  for (const char* text : {"", "512", "512,", ",128", "512,128,1", "512-513,1", "a,b"})
    EXPECT_FALSE(parse_prompt_and_gen(text).has_value()) << text;
}

BenchParameters parameters() {
  BenchParameters p;
  p.models = {"a"};
  p.n_batch = {2048};
  p.n_ubatch = {512};
  p.k_types = p.v_types = {kernels::KvType::f16};
  p.n_threads = {2};
  p.n_depth = {0};
  p.n_prompt = {512};
  p.n_gen = {128};
  return p;
}

std::vector<std::string> names_of(const BenchParameters& p) {
  std::vector<std::string> names;
  const auto cases = combine(p).value();
  for (const BenchCase& one : cases) names.push_back(one.name());
  return names;
}

TEST(Combine, TheDefaultsAreTwoTests) {
  const auto cases = combine(parameters()).value();
  ASSERT_EQ(cases.size(), 2u);
  EXPECT_EQ(cases[0].name(), "pp512");
  EXPECT_EQ(cases[1].name(), "tg128");
  EXPECT_EQ(cases[1].test.n_prompt, 0u);
  EXPECT_EQ(cases[1].n_threads, 2u);
  EXPECT_FALSE(cases[0].is_batched);
}

TEST(Combine, PromptsThenGenerationsThenBothAtEachDepth) {
  BenchParameters p = parameters();
  p.n_prompt = {128, 0, 256};
  p.n_gen = {16, 32};
  p.prompts_and_gens = {{64, 8}, {0, 0}};
  p.n_depth = {0, 1024};
  EXPECT_THAT(names_of(p),
              ElementsAre("pp128", "pp256", "tg16", "tg32", "pp64+tg8", "pp128 @ d1024",
                          "pp256 @ d1024", "tg16 @ d1024", "tg32 @ d1024", "pp64+tg8 @ d1024"));
}

TEST(Combine, EverythingTimesEverything) {
  BenchParameters p = parameters();
  p.models = {"a", "b"};
  p.n_batch = {512, 2048};
  p.n_ubatch = {128, 256, 512};
  p.k_types = {kernels::KvType::f16, kernels::KvType::f32};
  p.n_threads = {1, 2};
  const auto cases = combine(p).value();
  EXPECT_EQ(cases.size(), 2u * 2 * 3 * 2 * 2 * 2);
  EXPECT_EQ(cases.front().model, "a");
  EXPECT_EQ(cases.back().model, "b");
  EXPECT_EQ(cases.back().test.n_batch, 2048u);
  // The two tests of a setting share what is loaded, and the next does not.
  EXPECT_TRUE(cases[1].loads_like(cases[0]));
  EXPECT_FALSE(cases[2].loads_like(cases[1]));
}

TEST(Combine, ManySequencesHavePromptAndGenerationEach) {
  BenchParameters p = parameters();
  p.n_prompt = {100};
  p.n_gen = {48};
  p.prompts_and_gens = {{8, 4}};
  p.n_sequences = {1, 8};
  EXPECT_THAT(names_of(p),
              ElementsAre("pp100+tg48 x1", "pp100+tg48 x8", "pp8+tg4 x1", "pp8+tg4 x8"));
  const auto cases = combine(p).value();
  EXPECT_TRUE(cases[1].is_batched);
  EXPECT_EQ(cases[1].test.n_sequences, 8u);
}

TEST(Combine, RefusesNothingAndTooMuch) {
  BenchParameters p = parameters();
  p.n_prompt = p.n_gen = {0};
  EXPECT_EQ(combine(p).error().code, ErrorCode::usage);
  p = parameters();
  p.n_prompt.assign(6000, 1);
  p.n_depth = {0, 1};
  EXPECT_EQ(combine(p).error().code, ErrorCode::usage);
}

}  // namespace
}  // namespace hearth::app
