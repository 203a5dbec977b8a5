// SPDX-License-Identifier: Apache-2.0
//
// A token's logits are the same bytes whatever surrounds it. Random schedules: eight sequences in
// any mix and chunking, forked, rolled back, freed, saved and restored, on several threads and
// executors and with every type of cache; the reference computes each sequence alone, a token at a
// time, with the scalar kernels.
#include <map>
#include <random>

#include "model/model_test_util.h"
#include "model/sequence_file.h"

namespace hearth::model {
namespace {

using kernels::KvType;

struct Schedule {
  const char* name;
  KvType k_type, v_type;
  unsigned n_threads;
  std::vector<DeviceKind> devices = {DeviceKind::cpu};
  const char* model = "tiny-llama-q8_0";
};

std::ostream& operator<<(std::ostream& out, const Schedule& schedule) {
  return out << schedule.name;
}

constexpr std::size_t kSequences = 8, kMaxTokens = 300, kLogits = 288;

ExecutorLimits limits_of(const Schedule& schedule) {
  ExecutorLimits limits;
  limits.k_type = schedule.k_type;
  limits.v_type = schedule.v_type;
  limits.n_blocks = 40;
  limits.max_rows = limits.max_wanted = 256;
  return limits;
}

// Each sequence's tokens, and what a machine without neighbours, forks or threads makes of them.
struct Reference {
  std::vector<std::vector<TokenId>> tokens;
  std::vector<std::vector<float>> logits;

  Reference(const format::Gguf& gguf, const Schedule& schedule, std::mt19937& random) {
    const std::string best = kernels::active().name;
    EXPECT_TRUE(kernels::select_isa("scalar"));
    const auto machine = Machine::build(gguf, limits_of(schedule));
    EXPECT_TRUE(kernels::select_isa(best.c_str()));
    for (std::size_t s = 0; s < kSequences; ++s) {
      // Two go beyond a chunk of keys.
      const std::size_t n = s < 2 ? kMaxTokens - random() % 20 : 10 + random() % 90;
      std::vector<TokenId>& mine = tokens.emplace_back(n);
      for (TokenId& token : mine) token = static_cast<TokenId>(random() % kLogits);
      logits.push_back(machine->all_logits(mine, 1));
    }
  }
  std::span<const float> of(std::size_t sequence, std::size_t token) const {
    return std::span(logits[sequence]).subspan(token * kLogits, kLogits);
  }
};

class BatchInvariance : public testing::TestWithParam<Schedule> {
 protected:
  // Some tokens of some sequences in one step; false if a row's logits are not the reference's.
  bool compute_some() {
    Batch batch;
    std::vector<std::pair<std::size_t, std::size_t>> rows;  // sequence, token
    std::map<std::size_t, std::uint32_t> counts;
    for (std::size_t s = 0; s < kSequences; ++s) {
      const std::size_t done = sequences_[s].length(), left = reference_->tokens[s].size() - done;
      if (left == 0 || random_() % 3 == 0) continue;
      const std::size_t most = random_() % 2 == 0 ? 1 : 70;
      const std::size_t n =
          std::min({left, 1 + random_() % most, std::size_t{256} - batch.rows.size()});
      if (n == 0 || !sequences_[s].reserve(static_cast<std::uint32_t>(n))) continue;
      machine_->add(batch, sequences_[s], std::span(reference_->tokens[s]).subspan(done, n));
      counts[s] = static_cast<std::uint32_t>(n);
      for (std::size_t i = 0; i < n; ++i) rows.emplace_back(s, done + i);
    }
    if (batch.rows.empty()) return true;
    EXPECT_TRUE(machine_->forward->run(batch));
    for (const auto& [s, n] : counts) sequences_[s].commit(n);
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      const auto [s, token] = rows[i];
      if (same_bits(machine_->forward->logits(i), reference_->of(s, token))) continue;
      ADD_FAILURE() << "sequence " << s << " token " << token << " among " << rows.size();
      return false;
    }
    return true;
  }

  void disturb(std::size_t s) {
    Sequence& sequence = sequences_[s];
    switch (random_() % 5) {
      case 0:
        sequence = sequence.fork();  // what it was is freed
        break;
      case 1: {
        Sequence other = sequence.fork();  // writes to a shared block, then goes away
        if (other.reserve(5)) other.commit(5);
        break;
      }
      case 2:
        sequence.roll_back(
            static_cast<std::uint32_t>(random_() % (std::uint64_t{sequence.length()} + 1)));
        break;
      case 3: {
        const Checkpoint here = sequence.checkpoint();
        sequence.roll_back(sequence.length() / 2);
        sequence.restore(here);
        break;
      }
      default: {
        const std::string fingerprint = model_fingerprint(machine_->plan);
        const auto bytes =
            save_sequence(sequence, *machine_->forward, machine_->limits, fingerprint);
        sequence.roll_back(0);
        auto restored = restore_sequence(bytes, *machine_->store, *machine_->forward,
                                         machine_->limits, fingerprint);
        ASSERT_TRUE(restored.has_value()) << restored.error().message;
        sequence = std::move(*restored);
      }
    }
  }

  bool done() const {
    for (std::size_t s = 0; s < kSequences; ++s)
      if (sequences_[s].length() < reference_->tokens[s].size()) return false;
    return true;
  }

  std::mt19937 random_{20261121};
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<Reference> reference_;
  std::vector<Sequence> sequences_;
};

TEST_P(BatchInvariance, RandomSchedulesGiveTheSameBytes) {
  const auto files = fixture(GetParam().model);
  reference_ = std::make_unique<Reference>(files->gguf(), GetParam(), random_);
  int n = 0;
  const std::size_t n_devices = GetParam().devices.size();
  const Placement scattered = [&](std::string_view, int) {
    return static_cast<DeviceId>(n++ % static_cast<int>(n_devices));
  };
  machine_ = Machine::build(files->gguf(), limits_of(GetParam()), GetParam().devices,
                            GetParam().n_threads, n_devices == 1 ? nullptr : scattered);
  for (std::size_t s = 0; s < kSequences; ++s) sequences_.emplace_back(*machine_->store);
  int steps = 0;
  while (!done() && ++steps < 2000) {
    ASSERT_TRUE(compute_some());
    if (steps < 60) disturb(random_() % kSequences);
  }
  EXPECT_TRUE(done());
  sequences_.clear();
  EXPECT_EQ(machine_->store->pool.n_free(), 40u);
}

INSTANTIATE_TEST_SUITE_P(
    Schedules, BatchInvariance,
    testing::Values(
        Schedule{"plain", KvType::f16, KvType::f16, 1},
        Schedule{"threads", KvType::f16, KvType::f16, 3},
        Schedule{"two_executors", KvType::f16, KvType::bf16, 2, {DeviceKind::cpu, DeviceKind::cpu}},
        Schedule{
            "simulated", KvType::f32, KvType::f16, 1, {DeviceKind::cpu, DeviceKind::simulated}},
        Schedule{"q8_0", KvType::q8_0, KvType::q8_0, 3},
        Schedule{"q5", KvType::q5_0, KvType::q5_1, 2},
        Schedule{"q4", KvType::q4_0, KvType::q4_1, 2},
        Schedule{"iq4_nl", KvType::iq4_nl, KvType::iq4_nl, 2},
        Schedule{"mixed", KvType::q8_0, KvType::f16, 5},
        Schedule{"mixed_back", KvType::f16, KvType::q4_0, 2}),
    [](const testing::TestParamInfo<Schedule>& instance) {
      return std::string(instance.param.name);
    });

}  // namespace
}  // namespace hearth::model
