// SPDX-License-Identifier: Apache-2.0
//
// How steps are fused, and how many forks and joins a layer takes.
#include "model/cpu_program.h"

#include "model/cpu_executor_internal.h"
#include "model/model_test_util.h"

namespace hearth::model {
namespace {

using Kind = Phase::Kind;

constexpr std::uint32_t kLayers = 2;  // of the fixtures

std::vector<Op> ops_of(const Phase& phase) {
  std::vector<Op> ops;
  for (const Step& step : phase.steps) ops.push_back(step.op);
  return ops;
}

// The phases from the first norm of the second layer to the end of that layer.
std::vector<Phase> second_layer(const CpuProgram& program) {
  std::vector<Phase> phases;
  bool is_inside = false;
  for (const Phase& phase : program.phases) {
    if (!phase.steps.empty() && phase.steps.back().op == Op::keep_hidden && is_inside) break;
    if (is_inside) phases.push_back(phase);
    if (!phase.steps.empty() && phase.steps.back().op == Op::keep_hidden) is_inside = true;
  }
  return phases;
}

TEST(CpuProgram, ALayerOfLlamaIsFivePiecesOfWork) {
  const auto files = fixture("tiny-llama-q8_0");
  const Plan plan = compile_plan(files->gguf()).value();
  const CpuProgram program = compile_program(plan, 0, true);
  const std::vector<Phase> phases = second_layer(program);
  std::vector<std::vector<Op>> ops;
  for (const Phase& phase : phases) ops.push_back(ops_of(phase));
  EXPECT_EQ(ops, (std::vector<std::vector<Op>>{{Op::rms_norm},
                                               {Op::linear, Op::linear, Op::linear},
                                               {Op::rope, Op::rope, Op::store_kv},
                                               {Op::attend},
                                               {Op::linear, Op::add},
                                               {Op::rms_norm},
                                               {Op::linear, Op::linear, Op::silu_mul},
                                               {},
                                               {Op::linear, Op::add}}));
  // Each product's input is quantised by the phase before it.
  for (std::size_t i = 1; i < phases.size(); ++i) {
    if (phases[i].kind != Kind::product) continue;
    EXPECT_EQ(phases[i - 1].quantizes, phases[i].parts[0].linear->a);
    EXPECT_TRUE(phases[i - 1].as_q8_32);
    EXPECT_FALSE(phases[i - 1].as_q8_256);
  }
}

TEST(CpuProgram, FloatWeightsNeedNoQuants) {
  const auto files = fixture("tiny-llama-f32");
  const Plan plan = compile_plan(files->gguf()).value();
  for (const Phase& phase : compile_program(plan, 0, true).phases)
    EXPECT_EQ(phase.quantizes, BufferId::none);
}

TEST(CpuProgram, EveryStepIsInOnePhaseInItsOrder) {
  for (const char* name : {"tiny-llama-q4_1", "tiny-qwen2-q8_0", "tiny-qwen3-q8_0"}) {
    const auto files = fixture(name);
    const Plan plan = compile_plan(files->gguf()).value();
    for (const bool fuses : {false, true}) {
      const Step* next = plan.steps.data();
      std::size_t n = 0;
      for (const Phase& phase : compile_program(plan, 0, fuses).phases) {
        EXPECT_EQ(phase.steps.data(), next);
        next += phase.steps.size();
        n += phase.steps.size();
        EXPECT_TRUE(fuses || phase.steps.size() <= 1);
      }
      EXPECT_EQ(n, plan.steps.size()) << name;
    }
  }
}

// Forks and joins of one run of `n_tokens` tokens with two workers.
std::uint64_t n_jobs(CpuExecutor& executor, const Plan& plan, const ExecutorLimits& limits,
                     std::uint32_t n_tokens) {
  Forward forward(plan, {&executor}, limits);
  SequenceStore store{BlockPool(limits.n_blocks), [](BlockId, BlockId) {}};
  Sequence sequence(store);
  EXPECT_TRUE(sequence.reserve(n_tokens).has_value());
  Batch batch;
  batch.sequences.push_back({sequence.blocks()});
  for (std::uint32_t i = 0; i < n_tokens; ++i) {
    const auto position = static_cast<std::int32_t>(i);
    batch.rows.push_back({.token = 5,
                          .position = {position, position, position, position},
                          .kv_index = i,
                          .wanted = i + 1 == n_tokens ? Wanted::logits : Wanted::nothing});
  }
  const std::uint64_t before = executor.pool().n_jobs();
  EXPECT_TRUE(forward.run(batch));
  return executor.pool().n_jobs() - before;
}

TEST(CpuExecutor, ForksAndJoinsOfALayer) {
  const auto files = fixture("tiny-llama-q8_0");
  const Plan plan = compile_plan(files->gguf()).value();
  ExecutorLimits limits;
  limits.n_blocks = 8;
  CpuExecutor executor({.single = {.n_workers = 2}, .batch = {.n_workers = 2}});
  ASSERT_TRUE(executor.prepare(plan, 0, limits, nullptr));
  if (executor.pool().size() != 2) GTEST_SKIP() << "no second thread can be started";
  constexpr std::uint64_t kHead = 1;
  EXPECT_EQ(n_jobs(executor, plan, limits, 1), 5 * kLayers + kHead);
  // A few rows: what one row needs by itself is not worth a fork.
  EXPECT_EQ(n_jobs(executor, plan, limits, 8), 5 * kLayers + kHead);
  // A prompt: the norms, RoPE and the quantising of the second product are split as well.
  EXPECT_EQ(n_jobs(executor, plan, limits, 400), 9 * kLayers + kHead);
  // Nobody else to work with.
  executor.set_workers(1, 0);
  EXPECT_EQ(n_jobs(executor, plan, limits, 400), 0u);
}

TEST(CpuExecutor, CrewsOfDifferentSizesGiveTheSameBits) {
  const auto files = fixture("tiny-llama-q8_0");
  const auto tokens = fixture_tokens("tiny-llama-q8_0");
  ExecutorLimits limits;
  limits.n_blocks = 8;
  const auto expected = Machine::build(files->gguf(), limits)->all_logits(tokens);
  const std::vector<CpuCrews> all = {
      {.single = {.n_workers = 1}, .batch = {.n_workers = 3}},
      {.single = {.n_workers = 4, .spin = {}}, .batch = {.n_workers = 2}},
      {.single = {.n_workers = 2}, .batch = {.n_workers = 2}, .n_cpus = 1},  // under a quota
      {.single = {.n_workers = 64}, .batch = {.n_workers = 64}}};
  for (const CpuCrews& crews : all) {
    const auto machine = Machine::build(files->gguf(), limits);
    machine->executors[0] = make_cpu_executor(crews);
    ASSERT_TRUE(machine->executors[0]->prepare(machine->plan, 0, limits, nullptr));
    machine->forward = std::make_unique<Forward>(
        machine->plan, std::vector<Executor*>{machine->executors[0].get()}, limits);
    for (const std::size_t chunk : {1u, 7u, 512u})
      EXPECT_TRUE(same_bits(machine->all_logits(tokens, chunk), expected)) << chunk;
  }
}

}  // namespace
}  // namespace hearth::model
