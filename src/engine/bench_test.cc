// SPDX-License-Identifier: Apache-2.0
//
// What a benchmark runs, told by the work that it counts: tokens, keys, and how often the weights
// are read. tiny-llama has 61440 weights in its layers and 18432 in its head
// (model/roofline_test.cc).
#include "engine/bench.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/file.h"

namespace hearth::engine {
namespace {

constexpr double kLayers = 61440, kHead = 18432;
const std::atomic<bool> kGoOn = false;

std::unique_ptr<LoadedModel> load(const BenchTest& test, std::uint32_t n_ubatch = 512) {
  LoadOptions options;
  options.n_ctx = static_cast<std::uint32_t>(n_blocks_for(test)) * model::kBlockTokens;
  options.n_ubatch = n_ubatch;
  options.max_wanted = test.n_sequences;
  options.needs_text = false;
  const std::string path =
      std::string(HEARTH_SOURCE_DIR) + "/tests/fixtures/models/tiny-llama-q8_0.gguf";
  std::vector<format::NamedFd> shards;
  shards.push_back({open_for_read(path).value(), path});
  return LoadedModel::load(std::move(shards), options).value();
}

BenchSample sample_of(const BenchTest& test, std::uint32_t n_ubatch = 512) {
  const auto loaded = load(test, n_ubatch);
  Bench bench(*loaded, test, kGoOn);
  EXPECT_TRUE(bench.fill().has_value());
  EXPECT_TRUE(bench.warm_up().has_value());
  return bench.repeat().value();
}

// Of weights with 34 bytes for 32.
double weight_bytes(double weights) {
  return weights * 34 / 32;
}
// Keys and values of 2 layers, 2 KV heads of 16, two bytes each.
constexpr double kKeyBytes = 2 * 2 * 32 * 2;

TEST(Bench, APromptAsksForLogitsOnce) {
  const BenchSample sample = sample_of({.n_prompt = 10});
  EXPECT_EQ(sample.prompt.n_tokens, 10u);
  EXPECT_GT(sample.prompt.ns, 0u);
  EXPECT_EQ(sample.prompt.work.int8_macs, 10 * kLayers + kHead);
  EXPECT_EQ(sample.prompt.work.read_bytes, weight_bytes(kLayers + kHead) + 10 * kKeyBytes);
  EXPECT_EQ(sample.generation.n_tokens, 0u);
  EXPECT_EQ(sample.generation.ns, 0u);
}

// Steps of 4, 4 and 2 tokens, which see 4, 8 and 10 keys.
TEST(Bench, AShortUbatchReadsTheWeightsAgain) {
  const BenchSample sample = sample_of({.n_prompt = 10}, 4);
  EXPECT_EQ(sample.prompt.work.int8_macs, 10 * kLayers + kHead);
  EXPECT_EQ(sample.prompt.work.read_bytes,
            weight_bytes(3 * kLayers + kHead) + (4 + 8 + 10) * kKeyBytes);
}

// As llama-bench: what is handed over in one go ends with logits. 6 and 4 tokens, in steps of at
// most 4: 4, 2, 4.
TEST(Bench, EachBatchEndsWithLogits) {
  const BenchSample sample = sample_of({.n_prompt = 10, .n_batch = 6}, 4);
  EXPECT_EQ(sample.prompt.work.int8_macs, 10 * kLayers + 2 * kHead);
  EXPECT_EQ(sample.prompt.work.read_bytes,
            weight_bytes(3 * kLayers + 2 * kHead) + (4 + 6 + 10) * kKeyBytes);
}

TEST(Bench, GeneratesAfterPromptAndDepth) {
  const BenchSample sample = sample_of({.n_prompt = 5, .n_gen = 3, .n_depth = 70});
  EXPECT_EQ(sample.prompt.work.read_bytes, weight_bytes(kLayers + kHead) + 75 * kKeyBytes);
  EXPECT_EQ(sample.generation.n_tokens, 3u);
  EXPECT_EQ(sample.generation.work.int8_macs, 3 * (kLayers + kHead));
  EXPECT_EQ(sample.generation.work.read_bytes,
            3 * weight_bytes(kLayers + kHead) + (76 + 77 + 78) * kKeyBytes);
}

// Two tokens at a time: the weights are read three times for three of each.
TEST(Bench, ManySequencesShareTheWeights) {
  const BenchSample sample = sample_of({.n_prompt = 5, .n_gen = 3, .n_sequences = 2});
  EXPECT_EQ(sample.prompt.n_tokens, 10u);
  EXPECT_EQ(sample.prompt.work.int8_macs, 10 * kLayers + 2 * kHead);
  EXPECT_EQ(sample.prompt.work.read_bytes, weight_bytes(kLayers + kHead) + 2 * 5 * kKeyBytes);
  EXPECT_EQ(sample.generation.n_tokens, 6u);
  EXPECT_EQ(sample.generation.work.int8_macs, 6 * (kLayers + kHead));
  EXPECT_EQ(sample.generation.work.read_bytes,
            3 * weight_bytes(kLayers + kHead) + 2 * (6 + 7 + 8) * kKeyBytes);
}

TEST(Bench, EveryRepetitionStartsAtTheDepth) {
  const BenchTest test{.n_prompt = 60, .n_gen = 10, .n_depth = 30};
  const auto loaded = load(test);
  Bench bench(*loaded, test, kGoOn);
  ASSERT_TRUE(bench.fill().has_value());
  const BenchSample first = bench.repeat().value();
  for (int i = 0; i < 3; ++i) {
    const BenchSample next = bench.repeat().value();
    EXPECT_EQ(next.prompt.work.read_bytes, first.prompt.work.read_bytes);
    EXPECT_EQ(next.generation.work.read_bytes, first.generation.work.read_bytes);
  }
}

// A visit after every step, of which two take long.
TEST(Bench, PausesDoNotCount) {
  const BenchTest test{.n_prompt = 20, .n_gen = 4};
  const auto loaded = load(test);
  Bench bench(*loaded, test, kGoOn);
  ASSERT_TRUE(bench.fill().has_value());
  constexpr std::chrono::milliseconds kPause{50};
  int n_visits = 0;
  const auto visit = [&] {
    if (++n_visits <= 2) std::this_thread::sleep_for(kPause);
  };
  const auto start = std::chrono::steady_clock::now();
  const BenchSample sample =
      bench.repeat({.visit = visit, .every = std::chrono::milliseconds{0}}).value();
  const auto passed = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(n_visits, 5);
  EXPECT_LE(std::chrono::nanoseconds(sample.prompt.ns + sample.generation.ns), passed - 2 * kPause);
  EXPECT_GT(sample.prompt.ns, 0u);
  EXPECT_GT(sample.generation.ns, 0u);

  n_visits = 0;
  ASSERT_TRUE(bench.repeat({.visit = visit, .every = std::chrono::hours{1}}).has_value());
  EXPECT_EQ(n_visits, 0);
}

// What is filled stays: 70 tokens are two blocks, 200 tokens two more.
TEST(Bench, GoesOnAtAGreaterDepth) {
  const BenchTest last{.n_gen = 4, .n_depth = 200};
  const auto loaded = load(last);
  const std::uint32_t n_free = loaded->sequences().pool.n_free();
  Bench bench(*loaded, {.n_prompt = 20}, kGoOn);
  ASSERT_TRUE(bench.fill().has_value());
  EXPECT_EQ(bench.repeat().value().prompt.work.read_bytes,
            weight_bytes(kLayers + kHead) + 20 * kKeyBytes);
  for (const auto& [depth, n_blocks] : {std::pair(70u, 2u), std::pair(200u, 4u)}) {
    bench.go_on_with({.n_gen = 4, .n_depth = depth});
    ASSERT_TRUE(bench.fill().has_value());
    EXPECT_EQ(n_free - loaded->sequences().pool.n_free(), n_blocks);
    const BenchSample sample = bench.repeat().value();
    EXPECT_EQ(sample.generation.work.read_bytes,
              4 * weight_bytes(kLayers + kHead) + (4.0 * depth + 1 + 2 + 3 + 4) * kKeyBytes);
  }
}

TEST(Bench, NeedsWholeBlocksForEachSequence) {
  EXPECT_EQ(n_blocks_for({.n_prompt = 64}), 1u);
  EXPECT_EQ(n_blocks_for({.n_prompt = 64, .n_gen = 1}), 2u);
  EXPECT_EQ(n_blocks_for({.n_prompt = 100, .n_gen = 48, .n_depth = 1, .n_sequences = 8}), 24u);
}

TEST(Bench, StopsWhenAskedTo) {
  const BenchTest test{.n_prompt = 8};
  const auto loaded = load(test);
  const std::atomic<bool> stop = true;
  Bench bench(*loaded, test, stop);
  const auto sample = bench.repeat();
  ASSERT_FALSE(sample.has_value());
  EXPECT_EQ(sample.error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace hearth::engine
