// SPDX-License-Identifier: Apache-2.0
#include "sample/defaults.h"

#include <gtest/gtest.h>

#include <map>

namespace hearth::sample {
namespace {

ValueSource source_of(const ChosenDefaults& chosen, std::string_view field) {
  for (const ChosenValue& value : chosen.values) {
    if (value.field == field) return value.source;
  }
  ADD_FAILURE() << field;
  return ValueSource::general;
}

TEST(Defaults, AnUnknownModelGetsTheGeneralOnes) {
  const auto chosen = choose_defaults({.architecture = "llama", .names = {}}, {});
  EXPECT_EQ(chosen.params, SamplingParams{});
  EXPECT_TRUE(chosen.family.empty());
  EXPECT_EQ(chosen.values.size(), 12U);
  for (const auto& value : chosen.values) EXPECT_EQ(value.source, ValueSource::general);
}

TEST(Defaults, FamiliesAreKnownByArchitectureOrName) {
  const auto qwen = choose_defaults({.architecture = "qwen3moe", .names = {}}, {});
  EXPECT_EQ(qwen.family, "Qwen3");
  EXPECT_EQ(qwen.params.temp, 1);
  EXPECT_EQ(qwen.params.min_p, 0.01F);
  EXPECT_EQ(source_of(qwen, "min_p"), ValueSource::family);
  EXPECT_EQ(source_of(qwen, "repeat_last_n"), ValueSource::general);
  const std::string_view names[] = {"", "Sarvam-M Q4_K_M"};
  const auto sarvam = choose_defaults({.architecture = "llama", .names = names}, {});
  EXPECT_EQ(sarvam.family, "Sarvam");
  EXPECT_EQ(sarvam.params.top_k, 20);
  EXPECT_EQ(choose_defaults({.architecture = "gpt-oss", .names = {}}, {}).params.top_k, 100);
  EXPECT_EQ(choose_defaults({.architecture = "gemma4", .names = {}}, {}).params.top_k, 64);
}

TEST(Defaults, TheFileComesFirstAndItsNonsenseIsPassedOver) {
  const MetadataValue metadata[] = {
      {"general.sampling.temp", 0.6, ""},
      {"general.sampling.top_k", 20, ""},
      {"general.sampling.sequence", {}, "top_k;temperature"},
      {"general.sampling.top_p", 7, ""},
      {"general.sampling.mirostat", {}, "2"},
      {"general.sampling.penalty_last_n", 1e300, ""},
      {"general.sampling.unheard_of", 1, ""},
      {"general.name", {}, "x"},
  };
  const auto chosen = choose_defaults({.architecture = "qwen3", .names = {}}, metadata);
  EXPECT_EQ(chosen.params.temp, 0.6F);
  EXPECT_EQ(chosen.params.top_k, 20);
  EXPECT_EQ(chosen.params.top_p, 0.95F);
  EXPECT_EQ(sampler_names(chosen.params.samplers), "top_k;temperature");
  EXPECT_EQ(source_of(chosen, "temperature"), ValueSource::file);
  EXPECT_EQ(source_of(chosen, "samplers"), ValueSource::file);
  EXPECT_EQ(source_of(chosen, "top_p"), ValueSource::family);
  EXPECT_EQ(chosen.warnings.size(), 3U);
  EXPECT_TRUE(validate(chosen.params));
}

}  // namespace
}  // namespace hearth::sample
