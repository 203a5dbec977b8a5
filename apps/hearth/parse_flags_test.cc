// SPDX-License-Identifier: Apache-2.0
#include "parse_flags.h"

#include <gmock/gmock.h>

namespace hearth::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// What a line sets.
struct Parsed {
  std::int32_t n = 0;
  std::vector<std::string> texts, words;
  bool is_on = false;
  std::string error;
};

Parsed parsed(const std::vector<std::string>& line) {
  Parsed result;
  Declarations declarations;
  Flags flags(declarations);
  flags.add("-n,--n-predict", result.n, "");
  flags.add("-p,--prompt,-pt", result.texts, "");
  flags.add("--greedy", result.is_on, "");
  flags.add_words("WORDS", result.words);
  flags.take_foreign_flags();
  const auto notes = parse_flags(declarations, line);
  if (!notes) result.error = notes.error().message;
  return result;
}

TEST(ParseFlags, KnowsEveryWayToWriteAName) {
  for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{
           {"-n", "5"}, {"--n-predict=5"}, {"--n_predict", "5"}, {"-n=5"}, {"-n-predict", "5"}}) {
    EXPECT_EQ(parsed(line).n, 5) << line[0];
  }
  EXPECT_THAT(parsed({"-pt", "6"}).texts, ElementsAre("6"));
  EXPECT_EQ(parsed({"-ngl", "7", "--flash_attn=on", "-n", "-1"}).n, -1);
}

TEST(ParseFlags, AValueIsWhateverComesNext) {
  for (const char* value :
       {"-1", "-n", "--n_predict", "--greedy=off", "--", "-", "", "=", "true", "[a,b]", "a,b",
        "{x}", "- first", "-a b=c", "--no-such-flag", "/x", "\n"}) {
    const Parsed apart = parsed({"-p", value, "end"});
    EXPECT_THAT(apart.texts, ElementsAre(value)) << apart.error;
    EXPECT_THAT(apart.words, ElementsAre("end")) << value;
    EXPECT_THAT(parsed({"--prompt=" + std::string(value), "end"}).texts, ElementsAre(value));
  }
}

TEST(ParseFlags, AllElseIsWords) {
  const Parsed mixed = parsed({"-", "-5", "--greedy", "[a,b]", "- first", "-a b", "=", "--",
                               "--greedy", "--no_such=1", "--"});
  EXPECT_TRUE(mixed.is_on) << mixed.error;
  EXPECT_THAT(mixed.words, ElementsAre("-", "-5", "[a,b]", "- first", "-a b", "=", "--greedy",
                                       "--no_such=1", "--"));
  const Parsed off = parsed({"--greedy", "--greedy=off", "off"});
  EXPECT_FALSE(off.is_on) << off.error;
  EXPECT_THAT(off.words, ElementsAre("off"));
}

TEST(ParseFlags, OtherProgramsFlagsTakeTheirValues) {
  EXPECT_THAT(parsed({"-fa", "on", "on"}).words, ElementsAre("on"));
  EXPECT_THAT(parsed({"-fa", "hello"}).words, ElementsAre("hello"));
  EXPECT_THAT(parsed({"-fa", "--", "on"}).words, ElementsAre("on"));
  EXPECT_THAT(parsed({"-fa=on", "on"}).words, ElementsAre("on"));
  EXPECT_THAT(parsed({"-ngl", "-n"}).error, IsEmpty());
}

TEST(ParseFlags, TellsWhatIsWrong) {
  EXPECT_EQ(parsed({"a", "-n"}).error, "-n: give a value");
  EXPECT_EQ(parsed({"--n_predict"}).error, "--n-predict: give a value");
  EXPECT_THAT(parsed({"--n_predic=2"}).error,
              HasSubstr("'--n-predic'; did you mean '--n-predict'?"));
  EXPECT_THAT(parsed({"-p", "a", "-.5"}).error, HasSubstr("unknown flag '-.5'"));
  EXPECT_THAT(parsed({"-n", "many"}).error, HasSubstr("-n"));
  EXPECT_THAT(parsed({"--control-vector-layer-range", "1"}).error, HasSubstr("give a value"));
}

}  // namespace
}  // namespace hearth::app
