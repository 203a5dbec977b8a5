// SPDX-License-Identifier: Apache-2.0
#include "model/plan.h"

#include <gmock/gmock.h>

#include "model/model_test_util.h"

namespace hearth::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Error plan_error(const format::WriteModel& model) {
  const auto files = in_memory(model);
  const auto plan = compile_plan(files->gguf());
  EXPECT_FALSE(plan.has_value());
  return plan ? Error{} : plan.error();
}

format::WriteModel tiny() {
  static const auto files = fixture("tiny-llama-f32");
  return editable(files->gguf());
}

format::WriteTensor& tensor(format::WriteModel& model, std::string_view name) {
  return *std::find_if(model.tensors.begin(), model.tensors.end(),
                       [&](const auto& t) { return t.name == name; });
}

void set(format::WriteModel& model, const std::string& key, format::WriteValue value) {
  for (auto& pair : model.metadata)
    if (pair.key == key) {
      pair.value = std::move(value);
      return;
    }
  model.metadata.push_back({key, std::move(value)});
}

TEST(Plan, CompilesTheUneditedModel) {
  const auto files = in_memory(tiny());
  const auto plan = compile_plan(files->gguf());
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  EXPECT_EQ(plan->hparams.n_layers, 2u);
  EXPECT_EQ(plan->kv.size(), 2u);
  for (const Step& step : plan->steps) EXPECT_NE(step.op, Op::transfer);
}

TEST(Plan, NamesAMissingTensor) {
  auto model = tiny();
  std::erase_if(model.tensors, [](const auto& t) { return t.name == "blk.1.ffn_up.weight"; });
  const Error error = plan_error(model);
  EXPECT_EQ(error.code, ErrorCode::integrity);
  EXPECT_THAT(error.message, AllOf(HasSubstr("edited.gguf"), HasSubstr("blk.1.ffn_up.weight"),
                                   HasSubstr("missing")));
}

TEST(Plan, NamesATensorOfTheWrongShape) {
  auto model = tiny();
  std::swap(tensor(model, "blk.0.ffn_up.weight").dims[0],
            tensor(model, "blk.0.ffn_up.weight").dims[1]);
  EXPECT_THAT(plan_error(model).message,
              AllOf(HasSubstr("blk.0.ffn_up.weight"), HasSubstr("[96, 64")));
}

TEST(Plan, NamesATensorThatHasNoPlace) {
  auto model = tiny();
  auto extra = tensor(model, "blk.0.attn_norm.weight");
  extra.name = "blk.0.mystery.weight";
  model.tensors.push_back(extra);
  EXPECT_THAT(plan_error(model).message, HasSubstr("blk.0.mystery.weight"));
}

TEST(Plan, RefusesSizesThatContradictTheTensors) {
  for (const char* key :
       {"llama.embedding_length", "llama.feed_forward_length", "llama.attention.head_count"}) {
    auto model = tiny();
    set(model, key, std::uint32_t{8});
    EXPECT_EQ(plan_error(model).code, ErrorCode::integrity) << key;
  }
}

TEST(Plan, RefusesSenselessSizes) {
  const std::pair<const char*, format::WriteValue> cases[] = {
      {"llama.block_count", std::uint32_t{0}},
      {"llama.block_count", std::uint32_t{0xFFFFFFFF}},
      {"llama.attention.head_count", std::uint32_t{0}},
      {"llama.attention.head_count_kv", std::uint32_t{3}},
      {"llama.rope.dimension_count", std::uint32_t{7}},
      {"llama.rope.dimension_count", std::uint32_t{1000}},
      {"llama.rope.freq_base", -1.0f},
      {"llama.rope.freq_base", std::nanf("")},
      {"llama.attention.layer_norm_rms_epsilon", std::nanf("")},
      {"llama.context_length", std::string("many")},
      {"llama.embedding_length", std::int32_t{-64}},
  };
  for (const auto& [key, value] : cases) {
    auto model = tiny();
    set(model, key, value);
    const Error error = plan_error(model);
    EXPECT_EQ(error.code, ErrorCode::integrity) << key << ": " << error.message;
    EXPECT_THAT(error.message, HasSubstr(key));
  }
}

TEST(Plan, RefusesAnUnknownArchitectureByName) {
  auto model = tiny();
  set(model, "general.architecture", std::string("mamba\033[2J"));
  const Error error = plan_error(model);
  EXPECT_EQ(error.code, ErrorCode::unsupported);
  EXPECT_THAT(error.message, AllOf(HasSubstr("mamba"), testing::Not(HasSubstr("\033"))));
}

TEST(Plan, TransfersOnlyWhatTheOtherDeviceNeeds) {
  const auto files = in_memory(tiny());
  const auto plan = compile_plan(files->gguf(), [](std::string_view, int layer) {
    return static_cast<DeviceId>(layer == 1 ? 1 : 0);
  });
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->n_devices, 2);
  std::vector<BufferId> moved;
  for (const Step& step : plan->steps)
    if (step.op == Op::transfer) moved.push_back(step.out);
  // Into layer 1: the residual and the hidden states kept so far; out of it: the rows wanted, and
  // the states again, some of which are normed.
  EXPECT_THAT(moved, testing::UnorderedElementsAre(BufferId::residual, BufferId::hidden,
                                                   BufferId::wanted, BufferId::hidden));
}

}  // namespace
}  // namespace hearth::model
