// SPDX-License-Identifier: Apache-2.0
//
// Every family under every RoPE scaling, against the logits of transformers (tests/fixtures/rope):
// the metadata keys, the angles and the pairs that each family rotates, together. The scalings
// change the logits by 60 to 110 %, so a wrong one cannot pass.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <tuple>

#include "model/model_test_util.h"

namespace hearth::model {
namespace {

using Parameter = std::tuple<const char*, const char*>;  // family, scaling

std::string path_of(const std::string& name) {
  return std::string(HEARTH_SOURCE_DIR) + "/tests/fixtures/rope/" + name;
}

// The family's model with the scaling's metadata. rope_freqs.weight stays for "freqs" alone.
format::WriteModel scaled(const format::Gguf& gguf, const std::string& scaling) {
  format::WriteModel model = editable(gguf);
  const std::string prefix =
      std::string(*gguf.require_string("general.architecture")) + ".rope.scaling.";
  const auto set = [&](const char* key, format::WriteValue value) {
    model.metadata.push_back({prefix + key, std::move(value)});
  };
  if (scaling != "freqs")
    std::erase_if(model.tensors, [](const auto& t) { return t.name == "rope_freqs.weight"; });
  if (scaling == "none") set("type", std::string("none"));
  if (scaling == "linear") {
    set("type", std::string("linear"));
    set("factor", 4.0f);
  }
  if (scaling.starts_with("yarn")) {
    set("type", std::string("yarn"));
    set("factor", 8.0f);
    set("original_context_length", std::uint32_t{64});
  }
  if (scaling == "yarn-beta") {
    set("yarn_beta_fast", 4.0f);
    set("yarn_beta_slow", 0.5f);
  }
  return model;
}

class RopeModel : public testing::TestWithParam<Parameter> {};

TEST_P(RopeModel, AgreesWithTransformers) {
  const auto [family, scaling] = GetParam();
  const auto files = map_file(path_of(std::string(family) + ".gguf"));
  const auto edited = in_memory(scaled(files->gguf(), scaling));
  ExecutorLimits limits;
  limits.k_type = limits.v_type = kernels::KvType::f32;
  limits.max_rows = limits.max_wanted = 64;
  const auto machine = Machine::build(edited->gguf(), limits);
  EXPECT_EQ(machine->plan.hparams.k_dim, 16u);  // by key_length; width / heads is 8
  const auto expected = floats_of(path_of(fmt::format("{}-{}.logits.f32", family, scaling)));
  const double distance =
      relative_l2(machine->all_logits(tokens_in(path_of("tokens.txt"))), expected);
  RecordProperty("relative_l2", std::to_string(distance));
  EXPECT_LE(distance, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Families, RopeModel,
                         testing::Combine(testing::Values("llama", "qwen2", "qwen3"),
                                          testing::Values("none", "linear", "yarn", "yarn-beta",
                                                          "freqs")),
                         [](const auto& instance) {
                           std::string name = fmt::format("{}_{}", std::get<0>(instance.param),
                                                          std::get<1>(instance.param));
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(RopeMetadata, OldFilesCarryOneLinearFactor) {
  const auto files = map_file(path_of("llama.gguf"));
  format::WriteModel model = scaled(files->gguf(), "plain");
  model.metadata.push_back({"llama.rope.scale_linear", 4.0f});
  const auto plan = compile_plan(in_memory(model)->gguf());
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->hparams.rope.scaling, RopeScaling::linear);
  EXPECT_EQ(plan->hparams.rope.factor, 4.0);
}

TEST(RopeMetadata, RefusesWhatItDoesNotKnow) {
  const auto files = map_file(path_of("qwen3.gguf"));
  format::WriteModel model = scaled(files->gguf(), "yarn");
  model.metadata.push_back({"qwen3.rope.scaling.yarn_ext_factor", 0.5f});
  const auto plan = compile_plan(in_memory(model)->gguf());
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::unsupported);
  EXPECT_THAT(plan.error().message, testing::HasSubstr("yarn_ext_factor"));
}

}  // namespace
}  // namespace hearth::model
