// SPDX-License-Identifier: Apache-2.0
//
// The work of a step against sums by hand. tiny-llama has 2 layers of width 64 with 4 heads and 2
// KV heads of 16 and an FFN of 96, and a head of 288 outputs. Weights of a layer:
//     4096 (q) + 2048 (k) + 2048 (v) + 4096 (o) + 3 x 6144 (FFN) = 30720
// and 18432 in the head.
#include "model/roofline.h"

#include <gtest/gtest.h>

#include <array>

#include "model/ceiling_meter.h"
#include "model/model_test_util.h"

namespace hearth::model {
namespace {

constexpr double kRooflineLayers = 2 * 30720, kHead = 18432;

struct Positions {
  std::uint32_t begin, end;
  bool wants_last = true;
};

Batch batch_of(std::vector<Positions> sequences) {
  Batch batch;
  for (std::uint32_t s = 0; s < sequences.size(); ++s) {
    batch.sequences.push_back({});
    for (std::uint32_t i = sequences[s].begin; i < sequences[s].end; ++i)
      batch.rows.push_back({.sequence = s,
                            .kv_index = i,
                            .wanted = sequences[s].wants_last && i + 1 == sequences[s].end
                                          ? Wanted::logits
                                          : Wanted::nothing});
  }
  return batch;
}

Work work(const std::string& name, const Batch& batch, kernels::KvType kv = kernels::KvType::f16,
          std::uint32_t window = 0) {
  const auto files = fixture(name);
  Plan plan = compile_plan(files->gguf()).value();
  for (KvShape& shape : plan.kv) shape.window = window;
  return work_of(plan, {.k_type = kv, .v_type = kernels::KvType::f16}, batch);
}

// 11 keys of 2 x 16 values, for 4 queries, in 2 layers.
TEST(WorkOf, OneTokenAtADepth) {
  const Work w = work("tiny-llama-q8_0", batch_of({{10, 11}}));
  EXPECT_EQ(w.int8_macs, kRooflineLayers + kHead);
  EXPECT_EQ(w.float_macs, 2 * 4 * 32 * 11);
  EXPECT_EQ(w.read_bytes, (kRooflineLayers + kHead) * 34 / 32 + 2 * 2 * 11 * (16 * 2 + 16 * 2));
}

// Keys of float32 are twice as long as values of float16.
TEST(WorkOf, TypesOfTheCache) {
  const Work w = work("tiny-llama-q8_0", batch_of({{10, 11}}), kernels::KvType::f32);
  EXPECT_EQ(w.read_bytes, (kRooflineLayers + kHead) * 34 / 32 + 2 * 2 * 11 * (16 * 4 + 16 * 2));
}

// Rows see 1, 2, 3 and 4 keys; the weights are read once, the head for one row.
TEST(WorkOf, APrompt) {
  const Work w = work("tiny-llama-q8_0", batch_of({{0, 4}}));
  EXPECT_EQ(w.int8_macs, 4 * kRooflineLayers + kHead);
  EXPECT_EQ(w.float_macs, 2 * 4 * 32 * (1 + 2 + 3 + 4));
  EXPECT_EQ(w.read_bytes, (kRooflineLayers + kHead) * 34 / 32 + 2 * 2 * 4 * 64);
}

TEST(WorkOf, NobodyWantsLogits) {
  const Work w = work("tiny-llama-q8_0", batch_of({{0, 4, false}}));
  EXPECT_EQ(w.int8_macs, 4 * kRooflineLayers);
  EXPECT_EQ(w.read_bytes, kRooflineLayers * 34 / 32 + 2 * 2 * 4 * 64);
}

// Each has a cache of its own: 5 and 8 keys.
TEST(WorkOf, TwoSequences) {
  const Work w = work("tiny-llama-q8_0", batch_of({{4, 5}, {7, 8}}));
  EXPECT_EQ(w.int8_macs, 2 * (kRooflineLayers + kHead));
  EXPECT_EQ(w.float_macs, 2 * 4 * 32 * (5 + 8));
  EXPECT_EQ(w.read_bytes, (kRooflineLayers + kHead) * 34 / 32 + 2 * 2 * (5 + 8) * 64);
}

// Of rows 8 and 9 with a window of 4, one sees the keys 5 to 8 and one 6 to 9: five keys together.
TEST(WorkOf, AWindow) {
  const Work w = work("tiny-llama-q8_0", batch_of({{8, 10}}), kernels::KvType::f16, /*window=*/4);
  EXPECT_EQ(w.float_macs, 2 * 4 * 32 * (4 + 4));
  EXPECT_EQ(w.read_bytes, (kRooflineLayers + kHead) * 34 / 32 + 2 * 2 * 5 * 64);
}

TEST(WorkOf, FloatWeightsMultiplyInFloat) {
  const Work w = work("tiny-llama-f16", batch_of({{0, 1}}));
  EXPECT_EQ(w.int8_macs, 0);
  EXPECT_EQ(w.float_macs, kRooflineLayers + kHead + 2 * 4 * 32);
  EXPECT_EQ(w.read_bytes, (kRooflineLayers + kHead) * 2 + 2 * 2 * 64);
}

TEST(LeastTime, IsTheLongerOfReadingAndMultiplying) {
  const Ceilings low{.int8_macs = 50, .float_macs = 4, .read_bytes = 30};
  const Ceilings high{.int8_macs = 150, .float_macs = 16, .read_bytes = 10};
  const Ceilings ceilings = mean_of(std::array{low, high});
  EXPECT_EQ(ceilings.int8_macs, 100);
  EXPECT_EQ(ceilings.float_macs, 10);
  EXPECT_EQ(ceilings.read_bytes, 20);
  const LeastTime reading =
      least_time({.int8_macs = 50, .float_macs = 5, .read_bytes = 40}, ceilings);
  EXPECT_DOUBLE_EQ(reading.seconds, 2);
  EXPECT_EQ(reading.bound, Bound::read_bytes);
  const LeastTime int8 =
      least_time({.int8_macs = 300, .float_macs = 5, .read_bytes = 40}, ceilings);
  EXPECT_DOUBLE_EQ(int8.seconds, 3.5);
  EXPECT_EQ(int8.bound, Bound::int8_macs);
  const LeastTime floats =
      least_time({.int8_macs = 100, .float_macs = 40, .read_bytes = 40}, ceilings);
  EXPECT_DOUBLE_EQ(floats.seconds, 5);
  EXPECT_EQ(floats.bound, Bound::float_macs);
  EXPECT_STREQ(name_of(Bound::int8_macs), "int8");
}

// No figure is asserted, since machines differ; but a meter that counts wrongly by a factor of a
// thousand, or has threads that wait for each other for ever, is found out.
TEST(CeilingMeter, MeasuresSomething) {
  const auto meter = CeilingMeter::create(2, 0, std::uint64_t{64} << 20).value();
  EXPECT_EQ(meter->n_threads(), 2u);
  const Ceilings ceilings = meter->measure();
  for (const double rate : {ceilings.int8_macs, ceilings.float_macs, ceilings.read_bytes}) {
    EXPECT_GT(rate, 1e6);
    EXPECT_LT(rate, 1e14);
  }
}

}  // namespace
}  // namespace hearth::model
