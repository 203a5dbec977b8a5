// SPDX-License-Identifier: Apache-2.0
#include "model/sequence.h"

#include <random>

#include "model/model_test_util.h"
#include "model/sequence_file.h"

namespace hearth::model {
namespace {

std::vector<TokenId> random_tokens(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<TokenId> tokens(n);
  for (TokenId& token : tokens) token = static_cast<TokenId>(random() % 288);
  return tokens;
}

ExecutorLimits small_limits(std::uint32_t n_blocks) {
  ExecutorLimits limits;
  limits.n_blocks = n_blocks;
  limits.max_rows = limits.max_wanted = 256;
  return limits;
}

TEST(Sequence, RollBackComputesTheSameAgain) {
  const auto files = fixture("tiny-llama-q8_0");
  const auto machine = Machine::build(files->gguf(), small_limits(8));
  const auto tokens = random_tokens(150, 1);
  const auto expected = machine->all_logits(tokens);
  Sequence sequence(*machine->store);
  machine->all_logits(random_tokens(140, 2), 33, sequence);  // something else first
  sequence.roll_back(0);
  machine->all_logits(std::span(tokens).first(130), 64, sequence);
  sequence.roll_back(70);
  const auto tail = machine->all_logits(std::span(tokens).subspan(70), 9, sequence);
  EXPECT_TRUE(same_bits(tail, std::span(expected).subspan(70u * 288)));
}

TEST(Sequence, ForksShareBlocksUntilOneWrites) {
  const auto files = fixture("tiny-llama-q8_0");
  const auto machine = Machine::build(files->gguf(), small_limits(8));
  const auto tokens = random_tokens(100, 3);
  auto other = tokens;
  for (std::size_t i = 80; i < other.size(); ++i) other[i] = (other[i] + 1) % 288;
  const auto expected = machine->all_logits(tokens);
  const auto expected_other = machine->all_logits(other);

  Sequence first(*machine->store);
  machine->all_logits(std::span(tokens).first(80), 80, first);
  Sequence second = first.fork();
  EXPECT_EQ(machine->store->pool.n_free(), 6u);  // 80 tokens: 2 blocks, shared
  const auto a = machine->all_logits(std::span(tokens).subspan(80), 20, first);
  const auto b = machine->all_logits(std::span(other).subspan(80), 20, second);
  EXPECT_TRUE(same_bits(a, std::span(expected).subspan(80u * 288)));
  EXPECT_TRUE(same_bits(b, std::span(expected_other).subspan(80u * 288)));
  EXPECT_EQ(machine->store->pool.n_free(), 5u);  // only the block that both wrote to was copied
}

// A past that is cut in the middle of a block is copied before it goes on, and only then.
TEST(Sequence, AnAdoptedPastGoesOnByItself) {
  const auto files = fixture("tiny-llama-q8_0");
  const auto machine = Machine::build(files->gguf(), small_limits(8));
  const auto tokens = random_tokens(150, 4);
  auto other = tokens;
  for (std::size_t i = 90; i < other.size(); ++i) other[i] = (other[i] + 1) % 288;
  const auto expected_other = machine->all_logits(other);
  const auto expected = machine->all_logits(tokens);
  Sequence first(*machine->store);
  machine->all_logits(std::span(tokens).first(130), 130, first);
  Sequence second(*machine->store);
  second.adopt(first.blocks().first(2), 90);
  EXPECT_EQ(second.length(), 90u);
  EXPECT_EQ(machine->store->pool.n_free(), 5u);
  const auto b = machine->all_logits(std::span(other).subspan(90), 60, second);
  const auto a = machine->all_logits(std::span(tokens).subspan(130), 20, first);
  EXPECT_TRUE(same_bits(b, std::span(expected_other).subspan(90u * 288)));
  EXPECT_TRUE(same_bits(a, std::span(expected).subspan(130u * 288)));
  EXPECT_EQ(machine->store->pool.references(first.blocks()[0]), 2u);
  EXPECT_EQ(machine->store->pool.references(first.blocks()[1]), 1u);
}

TEST(Sequence, CheckpointOutlivesWhatCameAfter) {
  const auto files = fixture("tiny-llama-f16");
  const auto machine = Machine::build(files->gguf(), small_limits(8));
  const auto tokens = random_tokens(90, 4);
  const auto expected = machine->all_logits(tokens);
  Sequence sequence(*machine->store);
  machine->all_logits(std::span(tokens).first(50), 50, sequence);
  {
    const Checkpoint checkpoint = sequence.checkpoint();
    machine->all_logits(random_tokens(100, 5), 10, sequence);
    sequence.restore(checkpoint);
  }
  EXPECT_EQ(sequence.length(), 50u);
  const auto tail = machine->all_logits(std::span(tokens).subspan(50), 40, sequence);
  EXPECT_TRUE(same_bits(tail, std::span(expected).subspan(50u * 288)));
}

TEST(Sequence, ReserveFailsWholeWhenThePoolIsShort) {
  SequenceStore store{BlockPool(3), [](BlockId, BlockId) {}};
  Sequence a(store), b(store);
  ASSERT_TRUE(a.reserve(100));
  a.commit(100);
  const auto result = b.reserve(100);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::does_not_fit);
  EXPECT_EQ(store.pool.n_free(), 1u);
  EXPECT_EQ(b.blocks().size(), 0u);
  EXPECT_TRUE(b.reserve(64));
}

TEST(SequenceFile, RestoresTheSamePastAndRefusesEverythingElse) {
  const auto files = fixture("tiny-llama-q8_0");
  const auto machine = Machine::build(files->gguf(), small_limits(8));
  const auto tokens = random_tokens(120, 6);
  const auto expected = machine->all_logits(tokens);
  const std::string fingerprint = model_fingerprint(machine->plan);
  std::vector<std::byte> bytes;
  {
    Sequence sequence(*machine->store);
    machine->all_logits(std::span(tokens).first(100), 100, sequence);
    bytes = save_sequence(sequence, *machine->forward, machine->limits, fingerprint);
  }
  const auto restore = [&](std::span<const std::byte> from, const std::string& model) {
    return restore_sequence(from, *machine->store, *machine->forward, machine->limits, model);
  };
  {
    auto sequence = restore(bytes, fingerprint);
    ASSERT_TRUE(sequence.has_value()) << sequence.error().message;
    const auto tail = machine->all_logits(std::span(tokens).subspan(100), 20, *sequence);
    EXPECT_TRUE(same_bits(tail, std::span(expected).subspan(100u * 288)));
  }
  EXPECT_FALSE(restore(bytes, std::string(64, '0')));
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{10}, bytes.size() / 2, bytes.size() - 1})
    EXPECT_FALSE(restore(std::span(bytes).first(size), fingerprint)) << size;
  for (std::size_t at = 0; at < bytes.size(); at += 97) {
    auto damaged = bytes;
    damaged[at] ^= std::byte{0x10};
    const auto result = restore(damaged, fingerprint);
    ASSERT_FALSE(result) << at;
    EXPECT_EQ(result.error().code, ErrorCode::integrity);
  }
  EXPECT_EQ(machine->store->pool.n_free(), 8u);
}

// Random schedules against the plainest model of the book: lists of tokens.
TEST(Sequence, RandomSchedulesKeepTheBook) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    SequenceStore store{BlockPool(24), [](BlockId, BlockId) {}};
    {
      std::vector<Sequence> sequences;
      std::vector<std::uint32_t> lengths;
      for (int step = 0; step < 200; ++step) {
        const auto action = random() % 5;
        if (sequences.empty() || (action == 0 && sequences.size() < 6)) {
          sequences.emplace_back(store);
          lengths.push_back(0);
          continue;
        }
        const std::size_t i = random() % sequences.size();
        if (action == 1) {
          lengths.push_back(lengths[i]);
          sequences.push_back(sequences[i].fork());
        } else if (action == 2) {
          lengths[i] =
              lengths[i] == 0 ? 0 : static_cast<std::uint32_t>(random() % (lengths[i] + 1));
          sequences[i].roll_back(lengths[i]);
        } else if (action == 3 && random() % 4 == 0) {
          sequences.erase(sequences.begin() + static_cast<std::ptrdiff_t>(i));
          lengths.erase(lengths.begin() + static_cast<std::ptrdiff_t>(i));
        } else {
          const auto n = static_cast<std::uint32_t>(1 + random() % 90);
          if (!sequences[i].reserve(n)) continue;
          const auto committed = static_cast<std::uint32_t>(random() % (n + std::uint64_t{1}));
          sequences[i].commit(committed);
          lengths[i] += committed;
        }
        for (std::size_t s = 0; s < sequences.size(); ++s) {
          ASSERT_EQ(sequences[s].length(), lengths[s]);
          ASSERT_GE(sequences[s].blocks().size() * kBlockTokens, lengths[s]);
        }
      }
    }
    EXPECT_EQ(store.pool.n_free(), 24u);  // nothing leaks, nothing is freed twice
  }
}

}  // namespace
}  // namespace hearth::model
