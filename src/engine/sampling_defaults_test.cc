// SPDX-License-Identifier: Apache-2.0
#include "engine/sampling_defaults.h"

#include <gmock/gmock.h>

#include "format/gguf_test_util.h"

namespace hearth::engine {
namespace {

using format::ValueType;

// "temperature" to "0.6 (model file)"
std::string shown(const sample::ChosenDefaults& defaults, std::string_view field) {
  for (const sample::ChosenValue& value : defaults.values)
    if (value.field == field) return value.value + " (" + std::string(name_of(value.source)) + ")";
  return "absent";
}

TEST(SamplingDefaults, ReadTheFilesOwnValuesOfEveryType) {
  format::GgufBytes file(0, 8);
  file.entry("general.architecture", "qwen3")
      .entry("general.sampling.temp", ValueType::f32, 0.6F)
      .entry("general.sampling.top_k", ValueType::i32, std::int32_t{-1})
      .entry("general.sampling.top_p", ValueType::f64, 0.5)
      .entry("general.sampling.penalty_last_n", ValueType::u64, std::uint64_t{256})
      .entry("general.sampling.sequence", "top_k;temperature")
      .entry("general.sampling.mirostat", "2")
      .array("general.sampling.min_p", ValueType::f32, {0.5F});
  const auto parsed = format::parse_bytes(file);
  ASSERT_TRUE(parsed.gguf) << parsed.gguf.error().message;
  const auto defaults = sampling_defaults(*parsed.gguf);
  EXPECT_EQ(shown(defaults, "temperature"), "0.6 (model file)");
  EXPECT_EQ(shown(defaults, "top_k"), "-1 (model file)");
  EXPECT_EQ(shown(defaults, "top_p"), "0.5 (model file)");
  EXPECT_EQ(shown(defaults, "repeat_last_n"), "256 (model file)");
  EXPECT_EQ(shown(defaults, "samplers"), "top_k;temperature (model file)");
  EXPECT_EQ(shown(defaults, "min_p"), "0.01 (model family)");
  EXPECT_EQ(shown(defaults, "mirostat"), "0 (general default)");
  EXPECT_THAT(defaults.warnings,
              testing::UnorderedElementsAre(testing::HasSubstr("general.sampling.mirostat"),
                                            testing::HasSubstr("general.sampling.min_p")));
}

// A family is known by general.architecture, general.basename, general.name or the file's name.
TEST(SamplingDefaults, FindTheFamilyByAnyName) {
  for (const char* key : {"general.basename", "general.name"}) {
    format::GgufBytes file(0, 2);
    file.entry("general.architecture", "llama").entry(key, "Sarvam-M");
    EXPECT_EQ(sampling_defaults(*format::parse_bytes(file).gguf).family, "Sarvam");
  }
  format::GgufBytes plain(0, 1);
  plain.entry("general.architecture", "llama");
  EXPECT_EQ(sampling_defaults(*format::parse_bytes(plain).gguf).family, "");
  const format::ExactBytes bytes(plain.bytes());
  const auto family_of = [&](std::string name) {
    const format::FileBytes file{std::move(name), bytes.span()};
    return sampling_defaults(*format::Gguf::parse({&file, 1})).family;
  };
  EXPECT_EQ(family_of("models/gpt-oss-20b-MXFP4.gguf"), "gpt-oss");
  EXPECT_EQ(family_of("gpt-oss/other.gguf"), "");  // a folder says nothing of a model
}

}  // namespace
}  // namespace hearth::engine
