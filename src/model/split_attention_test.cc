// SPDX-License-Identifier: Apache-2.0
//
// Long pasts: threads share out chunks and KV heads, one thread takes all heads through them. The
// logits are the same bytes.
#include <random>

#include "model/model_test_util.h"

namespace hearth::model {
namespace {

using kernels::KvType;

struct Past {
  const char* name;
  KvType type;
  std::uint32_t window;  // of the first layer; 0: none
};

std::ostream& operator<<(std::ostream& out, const Past& past) {
  return out << past.name;
}

constexpr std::size_t kLong = 2500, kShort = 900;  // ten chunks and four

class LongPast : public testing::TestWithParam<Past> {
 protected:
  // Logits of one row, of some rows of one sequence, and of rows of two sequences.
  static std::vector<std::vector<float>> logits(unsigned n_threads) {
    const auto files = fixture("tiny-llama-q8_0");
    ExecutorLimits limits;
    limits.k_type = limits.v_type = GetParam().type;
    limits.n_blocks = 60;
    limits.max_rows = limits.max_wanted = 256;
    const auto machine =
        Machine::build(files->gguf(), limits, {DeviceKind::cpu}, n_threads, nullptr,
                       [](Plan& plan) { plan.kv.front().window = GetParam().window; });
    EXPECT_GE(machine->plan.kv.front().n_kv_heads, 2u);
    std::mt19937 random(5);
    std::vector<TokenId> tokens(kLong);
    for (TokenId& token : tokens) token = static_cast<TokenId>(random() % 256);
    Sequence first(*machine->store), second(*machine->store);
    machine->all_logits(tokens, 256, first);
    machine->all_logits(std::span(tokens).first(kShort), 256, second);

    std::vector<std::vector<float>> out;
    const auto run = [&](std::size_t n_first, std::size_t n_second) {
      EXPECT_TRUE(first.reserve(5).has_value() && second.reserve(5).has_value());
      Batch batch;
      machine->add(batch, first, std::span(tokens).first(n_first));
      if (n_second != 0) machine->add(batch, second, std::span(tokens).first(n_second));
      EXPECT_TRUE(machine->forward->run(batch));
      for (std::uint32_t i = 0; i < batch.rows.size(); ++i) {
        const auto row = machine->forward->logits(i);
        out.emplace_back(row.begin(), row.end());
      }
    };
    run(1, 0);
    run(5, 0);
    run(3, 2);
    return out;
  }
};

TEST_P(LongPast, LogitsAreTheSameBytesWithAnyNumberOfThreads) {
  const auto alone = logits(1);
  ASSERT_EQ(alone.size(), 11u);
  EXPECT_TRUE(same_bits(alone[0], alone[1])) << "the first of five rows";
  for (const unsigned n_threads : {2u, 3u}) {
    const auto together = logits(n_threads);
    ASSERT_EQ(together.size(), alone.size());
    for (std::size_t i = 0; i < alone.size(); ++i)
      EXPECT_TRUE(same_bits(together[i], alone[i])) << n_threads << " threads, row " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Pasts, LongPast,
                         testing::Values(Past{"f16", KvType::f16, 0}, Past{"q8_0", KvType::q8_0, 0},
                                         Past{"window", KvType::f16, 700}),
                         [](const testing::TestParamInfo<Past>& instance) {
                           return std::string(instance.param.name);
                         });

}  // namespace
}  // namespace hearth::model
