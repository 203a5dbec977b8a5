// SPDX-License-Identifier: Apache-2.0
#include "engine/memory_plan.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "engine/loaded_model.h"

namespace hearth::engine {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

class Memory : public testing::Test {
 protected:
  Memory() { use("tiny-llama-q8_0"); }
  void use(const std::string& model) {
    const std::string path =
        std::string(HEARTH_SOURCE_DIR) + "/tests/fixtures/models/" + model + ".gguf";
    std::vector<format::NamedFd> shards;
    shards.push_back({open_for_read(path).value(), path});
    files_ = format::ModelFiles::map(std::move(shards)).value();
    plan_ = model::compile_plan(files_->gguf()).value();
  }
  MemoryPlan memory(const LoadOptions& options, std::optional<std::uint64_t> available) {
    return plan_memory(plan_, *files_, options, {available, group_}).value();
  }
  // Values of all layers' keys and values for one token.
  std::uint64_t kv_values() const {
    std::uint64_t n = 0;
    for (const model::KvShape& shape : plan_.kv)
      n += shape.n_kv_heads * (shape.k_dim + shape.v_dim);
    return n;
  }
  std::string group_;
  std::shared_ptr<const format::ModelFiles> files_;
  model::Plan plan_;
};

TEST_F(Memory, TheCacheIsCountedInWholeBlocks) {
  LoadOptions options;
  options.n_ctx = 1;
  EXPECT_EQ(memory(options, {}).kv_bytes, kv_values() * 2 * 64);
  options.n_ctx = 65;
  EXPECT_EQ(memory(options, {}).kv_bytes, kv_values() * 2 * 128);
  options.n_sequences = 3;
  EXPECT_EQ(memory(options, {}).kv_bytes, kv_values() * 2 * 384);
  options.k_type = options.v_type = kernels::KvType::f32;
  EXPECT_EQ(memory(options, {}).kv_bytes, kv_values() * 4 * 384);
}

TEST_F(Memory, TheDefaultContextIsTheModelsOrWhatFits) {
  plan_.hparams.n_ctx_train = 1u << 20;
  EXPECT_EQ(memory({}, {}).n_ctx, kDefaultContext);  // nobody knows how much there is
  const MemoryPlan whole = memory({}, std::uint64_t{1} << 40);
  EXPECT_EQ(whole.n_ctx, 1u << 20);
  EXPECT_FALSE(whole.lowered);
  const std::uint64_t available = 100 * kMiB;
  const MemoryPlan lowered = memory({}, available);
  EXPECT_TRUE(lowered.lowered);
  EXPECT_TRUE(lowered.fits());
  EXPECT_LT(lowered.n_ctx, 1u << 20);
  EXPECT_LE(lowered.total_bytes(), available - available / 10);
  LoadOptions longer;
  longer.n_ctx = lowered.n_ctx + model::kBlockTokens;  // the longest that leaves a tenth
  EXPECT_GT(memory(longer, {}).total_bytes(), available - available / 10);
  EXPECT_TRUE(check_fits(memory(longer, available)));  // yet it may be asked for
}

TEST_F(Memory, WhatDoesNotFitIsRefusedWithAChangeThatDoes) {
  LoadOptions options;
  options.n_ctx = 1u << 20;
  options.k_type = options.v_type = kernels::KvType::f32;
  const std::uint64_t available = 100 * kMiB;
  const MemoryPlan refused = memory(options, available);
  EXPECT_FALSE(refused.fits());
  const auto error = check_fits(refused).error();
  EXPECT_EQ(error.code, ErrorCode::does_not_fit);
  EXPECT_THAT(error.message, HasSubstr("100 MiB are available; try -c "));
  options.n_ctx = static_cast<std::uint32_t>(std::stoul(refused.advice.substr(7)));
  EXPECT_TRUE(memory(options, available).fits());
  group_ = "/sys/fs/cgroup/pod";
  options.n_ctx += model::kBlockTokens;
  EXPECT_THAT(check_fits(memory(options, available)).error().message,
              HasSubstr("100 MiB are available under the limit of /sys/fs/cgroup/pod; try "));
  EXPECT_FALSE(memory(options, available).fits());
  EXPECT_THAT(memory(options, available).advice, HasSubstr("try -ctk f16 -ctv f16 or -c "));
}

TEST_F(Memory, ACoarserCacheIsAdvisedWhereItIsEnough) {
  use("tiny-llama3-q8_0");  // heads of 16 values would be larger in blocks of 32
  LoadOptions options, coarser;
  options.n_ctx = coarser.n_ctx = 4096;
  coarser.k_type = coarser.v_type = kernels::KvType::q8_0;
  const std::uint64_t enough = memory(coarser, {}).total_bytes();
  ASSERT_LT(enough, memory(options, {}).total_bytes());
  EXPECT_THAT(memory(options, enough).advice, testing::StartsWith("try -ctk q8_0 -ctv q8_0 or "));
  EXPECT_THAT(memory(options, enough - 1).advice, testing::Not(HasSubstr("-ctk")));
}

TEST_F(Memory, WeightsThatDoNotFit) {
  const MemoryPlan refused = memory({}, 1 * kMiB);
  EXPECT_FALSE(refused.fits());
  EXPECT_THAT(refused.advice, HasSubstr("smaller quantisation"));
}

// Between the two lies what only shorter steps make room for.
TEST_F(Memory, ShorterStepsWhereNoContextFits) {
  LoadOptions options, least;
  options.n_ctx = options.n_ubatch = 4096;
  least.n_ctx = least.n_ubatch = model::kBlockTokens;
  const MemoryPlan refused = memory(options, memory(least, {}).total_bytes() - 1);
  ASSERT_THAT(refused.advice, testing::StartsWith("try -ub 32 -c "));
  options.n_ubatch = 32;
  options.n_ctx = static_cast<std::uint32_t>(std::stoul(refused.advice.substr(14)));
  EXPECT_TRUE(memory(options, refused.available_bytes).fits());
}

// The loader of models is asked, with what it needs to judge, and its answer stands in the advice.
TEST_F(Memory, ASmallerModelIsAdvised) {
  LoadOptions options;
  options.n_ctx = 1u << 20;
  std::uint64_t told = 0;
  options.find_smaller = [&](const format::ModelFiles& refused, const LoadOptions& asked,
                             std::uint64_t available) {
    told = available;
    return &refused == files_.get() && asked.n_ctx == 1u << 20 ? "tiny" : "";
  };
  EXPECT_TRUE(memory(options, std::uint64_t{1} << 40).fits());
  EXPECT_EQ(told, 0u);  // nobody asks while it fits
  const MemoryPlan refused = memory(options, 100 * kMiB);
  EXPECT_EQ(told, 100 * kMiB);
  EXPECT_THAT(refused.advice,
              testing::MatchesRegex("try -c [0-9]+ or tiny, a smaller quantisation"));
}

TEST_F(Memory, AnAbsurdContextDoesNotOverflow) {
  LoadOptions options;
  options.n_ctx = 0xFFFFFFFF;
  EXPECT_FALSE(memory(options, std::uint64_t{64} << 30).fits());
  options.n_sequences = 0xFFFFFFFF;
  EXPECT_FALSE(plan_memory(plan_, *files_, options, {{}, {}}));
}

// The plan's numbers are those of what is then allocated.
TEST_F(Memory, TheLoadedModelHoldsWhatWasPlanned) {
  const std::string path = files_->gguf().file_name();
  for (const auto type :
       {kernels::KvType::f16, kernels::KvType::f32, kernels::KvType::q8_0, kernels::KvType::q4_1}) {
    std::vector<format::NamedFd> shards;
    shards.push_back({open_for_read(path).value(), path});
    LoadOptions options;
    options.n_ctx = 100;
    options.k_type = type;
    const auto loaded = LoadedModel::load(std::move(shards), options).value();
    EXPECT_EQ(loaded->executor().block_bytes(), loaded->memory().kv_block_bytes);
    EXPECT_EQ(loaded->limits().n_blocks, 2u);
    EXPECT_EQ(loaded->n_ctx(), 100u);
    EXPECT_EQ(loaded->notice().find("context is"), std::string::npos);
  }
}

}  // namespace
}  // namespace hearth::engine
