// SPDX-License-Identifier: Apache-2.0
#include "sample/fields.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <set>

#include "base/json.h"

namespace hearth::sample {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

SamplingParams applied(std::string_view json) {
  SamplingParams params;
  const auto result = apply_fields(params, json);
  EXPECT_TRUE(result) << json << ": " << result.error().message;
  return params;
}

// The error's message; nothing may have changed.
std::string refused(std::string_view json) {
  SamplingParams params;
  std::vector<std::string> breakers = {"kept"};
  const auto result = apply_fields(params, json, &breakers);
  EXPECT_EQ(params, SamplingParams()) << json;
  EXPECT_THAT(breakers, ElementsAre("kept"));
  if (result) return "accepted";
  EXPECT_EQ(result.error().code, ErrorCode::usage);
  return result.error().message;
}

TEST(Fields, NamesAreDistinctAndFindTheirField) {
  std::set<std::string_view> names;
  for (const Field& field : fields()) {
    EXPECT_TRUE(names.insert(field.name).second) << field.name;
    EXPECT_EQ(find_field(field.name), &field);
    if (field.alias.empty()) continue;
    EXPECT_TRUE(names.insert(field.alias).second) << field.alias;
    EXPECT_EQ(find_field(field.alias), &field);
  }
  EXPECT_EQ(find_field(""), nullptr);
  EXPECT_EQ(find_field("top-k"), nullptr);
}

TEST(Fields, EveryKindOfValueIsSet) {
  const SamplingParams params = applied(
      R"({"temp": 1, "top_k": 7, "repetition_penalty": 1.25, "seed": 18446744073709551615,
          "logprobs": true, "top_logprobs": 5, "logit_bias": {"12": -1.5, "3": false},
          "samplers": ["top_k", "min-p"], "min_p": null})");
  SamplingParams expected;
  expected.temp = 1;
  expected.top_k = 7;
  expected.repeat_penalty = 1.25F;
  expected.seed = 18446744073709551615U;
  expected.logprobs = true;
  expected.n_probs = 5;
  expected.logit_bias = {{12, -1.5F}, {3, -INFINITY}};
  expected.samplers = {SamplerKind::top_k, SamplerKind::min_p};
  EXPECT_EQ(params, expected);
  EXPECT_EQ(applied("{}"), SamplingParams());
}

TEST(Fields, ListsAndTextsAreOtherWaysToSayIt) {
  using enum SamplerKind;
  EXPECT_THAT(applied(R"({"logit_bias": [[12, -1.5], [12, 2]]})").logit_bias,
              ElementsAre(LogitBias{12, -1.5F}, LogitBias{12, 2}));
  EXPECT_THAT(applied(R"({"samplers": "kpt"})").samplers, ElementsAre(top_k, top_p, temperature));
  EXPECT_THAT(applied(R"({"samplers": "top_k;temp"})").samplers, ElementsAre(top_k, temperature));
  EXPECT_TRUE(applied(R"({"samplers": ""})").samplers.empty());
  EXPECT_TRUE(applied(R"({"samplers": []})").samplers.empty());
  EXPECT_EQ(applied(R"({"seed": -1})").seed, kRandomSeed);
}

TEST(Fields, BreakersStayTextsAndNeedATaker) {
  SamplingParams params;
  std::vector<std::string> breakers;
  ASSERT_TRUE(apply_fields(params, R"({"dry_sequence_breakers": ["\n", "é"]})", &breakers));
  EXPECT_THAT(breakers, ElementsAre("\n", "é"));
  const auto without = apply_fields(params, R"({"dry_sequence_breakers": ["\n"]})");
  ASSERT_FALSE(without);
  EXPECT_THAT(without.error().message, StartsWith("dry_sequence_breakers:"));
}

TEST(Fields, RefusalsBeginWithTheNameAsGiven) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"temperature": "0.5"})", "temperature: must be a number, not string"},
      {R"({"temp": true})", "temp: must be a number, not boolean"},
      {R"({"temperature": 1e39})", "temperature: 1e+39 is above"},
      {R"({"top_k": 40.0})", "top_k: must be a whole number, not a fraction"},
      {R"({"top_k": 3000000000})", "top_k: 3000000000 is above"},
      {R"({"top_p": 1.01})", "top_p: 1.01 is not between 0 and 1"},
      {R"({"repetition_penalty": 0})", "repetition_penalty: 0 is below"},
      {R"({"repeat_last_n": -2})", "repeat_last_n: -2 is below -1"},
      {R"({"adaptive_target": 1.5})", "adaptive_target: 1.5 is above 1"},
      {R"({"top_logprobs": 1001})", "top_logprobs: 1001 is not between 0 and 1000"},
      {R"({"logprobs": 1})", "logprobs: must be true or false, not number"},
      {R"({"seed": -2})", "seed:"},
      {R"({"seed": 1.5})", "seed:"},
      {R"({"seed": "7"})", "seed:"},
      {R"({"logit_bias": 3})", "logit_bias:"},
      {R"({"logit_bias": {"x": 3}})", "logit_bias: \"x\" is not the number of a token"},
      {R"({"logit_bias": {"-1": 3}})", "logit_bias:"},
      {R"({"logit_bias": {"4294967297": 3}})", "logit_bias:"},
      {R"({"logit_bias": {"1": true}})", "logit_bias: the bias of token 1"},
      {R"({"logit_bias": {"1": 1e300}})", "logit_bias: the bias of token 1"},
      {R"({"logit_bias": [[1]]})", "logit_bias:"},
      {R"({"logit_bias": [["1", 2]]})", "logit_bias:"},
      {R"({"samplers": ["top_k;min_p"]})", "samplers:"},
      {R"({"samplers": ["nonsense"]})", "samplers:"},
      {R"({"samplers": ["infill"]})", "samplers:"},
      {R"({"samplers": [""]})", "samplers:"},
      {R"({"samplers": {"a": 1}})", "samplers:"},
      {R"({"dry_sequence_breakers": "\n"})", "dry_sequence_breakers:"},
      {R"({"dry_sequence_breakers": [1]})", "dry_sequence_breakers:"},
      {R"({"top_k": 5, "tempratur": 1})", "tempratur: there is no such field"},
      {R"({"temperature": 1, "temp": 1})", "temp: is temperature under another name"},
      {R"([1])", "the fields of sampling must be a JSON object"},
  };
  for (const auto& [json, message] : cases) EXPECT_THAT(refused(json), StartsWith(message)) << json;
  EXPECT_NE(refused(R"({"top_k": )"), "accepted");
}

TEST(Fields, ToJsonAndBackIsTheSame) {
  SamplingParams params = applied(
      R"({"temperature": 0.7, "min_p": 0.1, "mirostat": 2, "seed": 5, "post_sampling_probs": true,
          "logit_bias": [[4, 0.3], [5, false]], "samplers": "mk"})");
  EXPECT_EQ(applied(to_json_text(to_json(params))), params);
  EXPECT_EQ(applied(to_json_text(to_json(SamplingParams()))), SamplingParams());
  EXPECT_EQ(to_json_text(to_json(params)["temperature"]), "0.7");
  EXPECT_EQ(to_json_text(to_json(SamplingParams())["seed"]), "-1");
}

// A float field takes any value in its range to the bit nearest to what was written.
TEST(Fields, FloatsAreRoundedOnce) {
  for (const float value : {0.1F, 0.3F, 1.0F / 3, 0.95F, 1e-20F}) {
    SamplingParams params;
    params.min_p = value;
    EXPECT_EQ(applied(to_json_text(to_json(params))).min_p, value);
  }
  SamplingParams params;
  params.temp = std::numeric_limits<float>::max();
  EXPECT_EQ(applied(to_json_text(to_json(params))).temp, params.temp);
}

}  // namespace
}  // namespace hearth::sample
