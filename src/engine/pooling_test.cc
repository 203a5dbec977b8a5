// SPDX-License-Identifier: Apache-2.0
#include "engine/pooling.h"

#include <gmock/gmock.h>
#include <sys/mman.h>

#include <cmath>
#include <limits>

#include "base/file.h"
#include "format/gguf_writer.h"
#include "format/model_files.h"

namespace hearth::engine {
namespace {

using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

constexpr float kStates[3][4] = {{1, 2, 3, 4}, {-4, 0.5f, 0, 8}, {0, 0, 6, -1}};

std::vector<float> embedding_by(Pooling pooling, std::uint32_t n_dims = 0) {
  Pooler pooler(pooling, 3, n_dims);
  for (std::uint32_t row = pooler.first_wanted(); row < 3; ++row)
    if (pooler.wants(row)) pooler.take(row, kStates[row]);
  EXPECT_TRUE(pooler.is_done());
  return pooler.embedding().value();
}

// Sums of the rows above, divided by their lengths by hand.
TEST(Pooler, PoolsAndScales) {
  EXPECT_THAT(embedding_by(Pooling::mean),
              Pointwise(FloatNear(1e-7f), {-3 / std::sqrt(217.25f), 2.5f / std::sqrt(217.25f),
                                           9 / std::sqrt(217.25f), 11 / std::sqrt(217.25f)}));
  EXPECT_THAT(embedding_by(Pooling::cls),
              Pointwise(FloatNear(1e-7f), {1 / std::sqrt(30.0f), 2 / std::sqrt(30.0f),
                                           3 / std::sqrt(30.0f), 4 / std::sqrt(30.0f)}));
  EXPECT_THAT(
      embedding_by(Pooling::last),
      Pointwise(FloatNear(1e-7f), {0.0f, 0.0f, 6 / std::sqrt(37.0f), -1 / std::sqrt(37.0f)}));
}

TEST(Pooler, CutsBeforeItScales) {
  EXPECT_THAT(embedding_by(Pooling::cls, 2),
              Pointwise(FloatNear(1e-7f), {1 / std::sqrt(5.0f), 2 / std::sqrt(5.0f)}));
  EXPECT_THAT(embedding_by(Pooling::last, 1), testing::ElementsAre(0.0f));  // nothing to scale
}

TEST(Pooler, WantsNoMoreThanItNeeds) {
  Pooler mean(Pooling::mean, 3, 0), first(Pooling::cls, 3, 0), last(Pooling::last, 3, 0);
  EXPECT_EQ(last.first_wanted(), 2u);
  EXPECT_EQ(first.first_wanted(), 0u);
  EXPECT_FALSE(first.wants(1));
  EXPECT_FALSE(last.wants(1));
  mean.take(0, kStates[0]);
  EXPECT_EQ(mean.first_wanted(), 1u);  // after a preemption row 0 may come from the cache
  EXPECT_FALSE(mean.wants(0));
  EXPECT_TRUE(mean.wants(2));
  EXPECT_FALSE(mean.is_done());
}

TEST(Pooler, RefusesWhatIsNotFinite) {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
    Pooler pooler(Pooling::last, 1, 0);
    const float state[] = {1, bad};
    pooler.take(0, state);
    const auto embedding = pooler.embedding();
    ASSERT_FALSE(embedding);
    EXPECT_EQ(embedding.error().code, ErrorCode::failed);
  }
}

Result<Pooling> pooling_with(std::optional<std::uint32_t> type) {
  format::WriteModel model;
  model.metadata.push_back({"general.architecture", std::string("llama")});
  if (type) model.metadata.push_back({"llama.pooling_type", *type});
  UniqueFd fd(::memfd_create("model", MFD_CLOEXEC));
  EXPECT_TRUE(format::write_gguf(fd.get(), model));
  std::vector<format::NamedFd> shards;
  shards.push_back({std::move(fd), "model.gguf"});
  return pooling_of(format::ModelFiles::map(std::move(shards)).value()->gguf());
}

// The numbers that llama.cpp's converters write.
TEST(PoolingOf, FollowsTheFile) {
  EXPECT_EQ(*pooling_with(std::nullopt), Pooling::last);
  EXPECT_EQ(*pooling_with(1), Pooling::mean);
  EXPECT_EQ(*pooling_with(2), Pooling::cls);
  EXPECT_EQ(*pooling_with(3), Pooling::last);
  for (const std::uint32_t other : {0u, 4u, 5u, 0xFFFFFFFFu}) {
    const auto refused = pooling_with(other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
    EXPECT_THAT(refused.error().message, HasSubstr("llama.pooling_type"));
  }
}

}  // namespace
}  // namespace hearth::engine
