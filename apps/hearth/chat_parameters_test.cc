// SPDX-License-Identifier: Apache-2.0
#include "chat_parameters.h"

#include <gmock/gmock.h>

namespace hearth::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

ChatParameters fresh() {
  sample::SamplingParams defaults;
  defaults.top_k = 33;
  engine::Request request;
  request.sampling = defaults;
  request.max_tokens = 9;
  return ChatParameters({}, defaults, request);
}

TEST(ChatParameters, AreSetByOllamasNamesAndOurs) {
  ChatParameters parameters = fresh();
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"temperature", "0.5"},
           {"top-p", "0.9"},
           {"mirostat_tau", "4"},
           {"seed", "7"},
           {"num_predict", "-1"},
           {"stop", "###"},
           {"samplers", "top_k;temperature"}})
    ASSERT_TRUE(parameters.set(name, value)) << name;
  const engine::Request& request = parameters.request();
  EXPECT_EQ(request.sampling.temp, 0.5F);
  EXPECT_EQ(request.sampling.top_p, 0.9F);
  EXPECT_EQ(request.sampling.mirostat_tau, 4.0F);
  EXPECT_EQ(request.sampling.seed, 7U);
  EXPECT_EQ(request.sampling.top_k, 33);
  EXPECT_EQ(request.sampling.samplers.size(), 2U);
  EXPECT_EQ(request.max_tokens, -1);
  EXPECT_THAT(request.stop, ElementsAre("###"));
  EXPECT_THAT(parameters.to_text(), AllOf(HasSubstr("temperature         0.5  (set here)\n"),
                                          HasSubstr("top_k               33\n"),
                                          HasSubstr("seed                7  (set here)\n"),
                                          HasSubstr("stop                \"###\"")));
  EXPECT_EQ(parameters.set_here().size(), 7U);
}

TEST(ChatParameters, RefuseNonsenseAndStayAsTheyWere) {
  ChatParameters parameters = fresh();
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"temprature", "1", "did you mean temperature?"},
      {"zzzzzzzzzzzz", "1", "there is no parameter"},
      {"temperature", "hot", "not a number"},
      {"temperature", "nan", "temp"},
      {"top_k", "1.5", "not a whole number"},
      {"seed", "-2", "seed"},
      {"num_predict", "many", "num_predict"},
      {"num_ctx", "4096", "-c 4096"},
      {"samplers", "top_k;nonsense", "nonsense"},
  };
  for (const auto& [name, value, expected] : cases) {
    const auto set = parameters.set(name, value);
    ASSERT_FALSE(set) << name;
    EXPECT_THAT(set.error().message, HasSubstr(expected));
  }
  EXPECT_TRUE(parameters.set_here().empty());
  EXPECT_EQ(parameters.to_text(), fresh().to_text());
}

TEST(ChatParameters, AreReplacedAllOrNone) {
  ChatParameters parameters = fresh();
  ASSERT_TRUE(parameters.set("temperature", "0.5"));
  EXPECT_FALSE(parameters.replace({{"top_k", "5"}, {"zzz", "1"}}));
  EXPECT_EQ(parameters.request().sampling.top_k, 33);
  EXPECT_EQ(parameters.request().sampling.temp, 0.5F);
  ASSERT_TRUE(parameters.replace({{"top_k", "5"}}));
  EXPECT_EQ(parameters.request().sampling.top_k, 5);
  EXPECT_NE(parameters.request().sampling.temp, 0.5F);
  EXPECT_EQ(parameters.request().max_tokens, 9);
  EXPECT_THAT(parameters.to_text(), Not(HasSubstr("temperature         0.5")));
}

}  // namespace
}  // namespace hearth::app
