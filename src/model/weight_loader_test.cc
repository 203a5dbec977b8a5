// SPDX-License-Identifier: Apache-2.0
//
// Whatever way weights come into memory, the logits have the same bits; and what is wrong with a
// prepared copy costs time, nothing else.
#include "model/weight_loader.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test_support.h"
#include "model/model_test_util.h"

namespace hearth::model {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Origin = WeightsReport::Origin;

constexpr LoadMode kModes[] = {LoadMode::automatic, LoadMode::none,       LoadMode::mmap,
                               LoadMode::mlock,     LoadMode::mmap_mlock, LoadMode::dio};

// Tied embeddings in blocks of 32, an embedding of its own that stays in rows, plain types.
constexpr const char* kModels[] = {"tiny-llama-q8_0", "tiny-llama-q4_1", "tiny-blocks-q4_k",
                                   "tiny-llama-f16"};

class WeightLoaderTest : public testing::Test {
 protected:
  test::TempDir dir_;

  UniqueFd open(const std::string& name, int flags = O_RDWR | O_CREAT) const {
    return UniqueFd(::open(dir_.file(name).c_str(), flags | O_CLOEXEC, 0600));
  }

  // Loads the model and computes the logits of its fixture's tokens.
  std::vector<float> logits(const std::string& model, WeightLoading loading, WeightsReport* report,
                            unsigned n_workers = 2) const {
    const auto files = fixture(model);
    loading.shard_fds = files->fds();
    loading.key = "key of " + model;
    const auto machine = Machine::build(files->gguf());
    machine->executors[0] = make_cpu_executor(
        {.single = {.n_workers = n_workers}, .batch = {.n_workers = n_workers}}, loading, report);
    EXPECT_TRUE(machine->executors[0]->prepare(machine->plan, 0, machine->limits, nullptr));
    machine->forward = std::make_unique<Forward>(
        machine->plan, std::vector<Executor*>{machine->executors[0].get()}, machine->limits);
    return machine->all_logits(fixture_tokens(model));
  }

  static std::vector<float> expected(const std::string& model) {
    return Machine::build(fixture(model)->gguf())->all_logits(fixture_tokens(model));
  }

  // A good copy for the model under the name; what it is worth is another test's.
  UniqueFd copy_of(const std::string& model, const std::string& name = "copy") const {
    UniqueFd fd = open(name, O_RDWR | O_CREAT | O_TRUNC);
    WeightsReport report;
    logits(model, {.copy_fd = fd.get()}, &report);
    EXPECT_TRUE(report.wrote_copy) << report.not_written;
    return fd;
  }
};

TEST_F(WeightLoaderTest, AllModesGiveTheSameBitsWithACopyAndWithout) {
  const bool packs = kernels::active().packed;
  for (const char* model : kModels) {
    const auto right = expected(model);
    const UniqueFd copy = open(model);
    for (const LoadMode mode : kModes) {
      WeightsReport report;
      EXPECT_TRUE(same_bits(logits(model, {.mode = mode}, &report), right)) << model;
      EXPECT_EQ(report.origin, Origin::packed);
      EXPECT_FALSE(report.wrote_copy);
      if (!packs || report.panel_bytes == 0) continue;

      ASSERT_EQ(::ftruncate(copy.get(), 0), 0);
      EXPECT_TRUE(same_bits(logits(model, {.mode = mode, .copy_fd = copy.get()}, &report), right));
      ASSERT_TRUE(report.wrote_copy) << report.not_written;

      for (const LoadMode later : kModes) {
        EXPECT_TRUE(
            same_bits(logits(model, {.mode = later, .prepared_fd = copy.get()}, &report), right));
        EXPECT_THAT(report.refused, IsEmpty());
        EXPECT_EQ(report.origin, maps(later) ? Origin::prepared_mapped : Origin::prepared_read);
        if (locks(later)) {
          EXPECT_NE(report.locked_bytes == 0, report.not_locked.empty());
        }
      }
    }
  }
}

TEST_F(WeightLoaderTest, CopiesAreTheSameBytesHoweverTheyWereMade) {
  if (!kernels::active().packed) GTEST_SKIP() << "no table here wants panels";
  std::string first;
  for (const LoadMode mode : kModes)
    for (const unsigned n_workers : {1u, 3u}) {
      const UniqueFd fd = open("copy", O_RDWR | O_CREAT | O_TRUNC);
      WeightsReport report;
      logits("tiny-llama-q4_1", {.mode = mode, .copy_fd = fd.get()}, &report, n_workers);
      const std::string bytes = read_file(dir_.file("copy"), 64u << 20).value();
      if (first.empty()) first = bytes;
      EXPECT_EQ(bytes, first);
    }
}

TEST_F(WeightLoaderTest, ADamagedCopyIsRefused) {
  if (!kernels::active().packed) GTEST_SKIP() << "no table here wants panels";
  const auto right = expected("tiny-llama-q8_0");
  const UniqueFd copy = copy_of("tiny-llama-q8_0");
  const std::uint64_t size = file_size(copy.get()).value();
  for (const LoadMode mode : kModes)
    for (const std::uint64_t at : {std::uint64_t{40}, std::uint64_t{100}, std::uint64_t{4096},
                                   (4096 + size) / 2, size - 1}) {
      std::byte byte{};
      const auto offset = static_cast<off_t>(at);
      ASSERT_EQ(::pread(copy.get(), &byte, 1, offset), 1);
      const std::byte flipped = byte ^ std::byte{1};
      ASSERT_EQ(::pwrite(copy.get(), &flipped, 1, offset), 1);
      WeightsReport report;
      EXPECT_TRUE(same_bits(
          logits("tiny-llama-q8_0", {.mode = mode, .prepared_fd = copy.get()}, &report), right));
      EXPECT_EQ(report.origin, Origin::packed);
      EXPECT_THAT(report.refused, HasSubstr("damaged")) << at;
      ASSERT_EQ(::pwrite(copy.get(), &byte, 1, offset), 1);
    }
}

TEST_F(WeightLoaderTest, ACopyOfAnotherModelOrLengthIsRefused) {
  if (!kernels::active().packed) GTEST_SKIP() << "no table here wants panels";
  const auto right = expected("tiny-llama-q8_0");
  const UniqueFd other = copy_of("tiny-llama-q4_1", "other"), cut = copy_of("tiny-llama-q8_0");
  ASSERT_EQ(::ftruncate(cut.get(), static_cast<off_t>(file_size(cut.get()).value() - 1)), 0);
  const UniqueFd empty = open("empty");
  for (const UniqueFd* bad : {&other, &cut, &empty}) {
    WeightsReport report;
    EXPECT_TRUE(same_bits(logits("tiny-llama-q8_0", {.prepared_fd = bad->get()}, &report), right));
    EXPECT_EQ(report.origin, Origin::packed);
    EXPECT_THAT(report.refused, HasSubstr("length"));
  }
}

TEST_F(WeightLoaderTest, AFullDiskCostsTheCopyAlone) {
  if (!kernels::active().packed) GTEST_SKIP() << "no table here wants panels";
  const UniqueFd full(::open("/dev/full", O_RDWR | O_CLOEXEC));
  WeightsReport report;
  EXPECT_TRUE(same_bits(logits("tiny-llama-q8_0", {.copy_fd = full.get()}, &report),
                        expected("tiny-llama-q8_0")));
  EXPECT_FALSE(report.wrote_copy);
  EXPECT_THAT(report.not_written, HasSubstr("No space left"));
}

TEST_F(WeightLoaderTest, WhatWasCancelledIsNoCopy) {
  const auto files = fixture("tiny-llama-q8_0");
  const Plan plan = compile_plan(files->gguf()).value();
  const UniqueFd copy = open("copy");
  for (int n_looks = 0; n_looks < 12; ++n_looks) {
    ASSERT_EQ(::ftruncate(copy.get(), 0), 0);
    ThreadPool pool(2);
    PackedWeights weights;
    int left = n_looks;
    const auto report = load_weights(
        plan, 0, kernels::active(), {.key = "key", .copy_fd = copy.get()}, pool,
        [&](std::uint64_t done, std::uint64_t total) {
          EXPECT_LE(done, total);
          return left-- > 0;
        },
        weights);
    ASSERT_FALSE(report.has_value());
    EXPECT_EQ(report.error().code, ErrorCode::cancelled);
    if (!kernels::active().packed) continue;
    EXPECT_FALSE(read_prepared_header(copy.get(), weights.prepared_layout("key")).has_value());
  }
}

// The model's own file is no cache: where it is cut short, reading it fails.
TEST_F(WeightLoaderTest, AModelThatShrinksIsAnError) {
  const auto files = fixture("tiny-llama-q8_0");
  const Plan plan = compile_plan(files->gguf()).value();
  const UniqueFd empty = open("empty");
  ThreadPool pool(1);
  PackedWeights weights;
  const auto report =
      load_weights(plan, 0, kernels::active(), {.mode = LoadMode::none, .shard_fds = {empty.get()}},
                   pool, nullptr, weights);
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, ErrorCode::integrity);
}

}  // namespace
}  // namespace hearth::model
