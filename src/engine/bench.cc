// SPDX-License-Identifier: Apache-2.0
#include "engine/bench.h"

#include <algorithm>
#include <random>

#include "base/check.h"

namespace hearth::engine {
namespace {

constexpr std::size_t kTokens = 4093;  // a prime, so that no two repetitions are alike

}  // namespace

std::uint64_t n_blocks_for(const BenchTest& test) {
  const std::uint64_t n_tokens = std::uint64_t{test.n_depth} + test.n_prompt + test.n_gen;
  return test.n_sequences * ((n_tokens + model::kBlockTokens - 1) / model::kBlockTokens);
}

Bench::Bench(LoadedModel& loaded, const BenchTest& test, const std::atomic<bool>& stop)
    : loaded_(loaded), test_(test), stop_(stop) {
  CHECK(test.n_sequences > 0 && test.n_batch > 0);
  for (std::uint32_t i = 0; i < test.n_sequences; ++i) sequences_.emplace_back(loaded.sequences());
  std::mt19937 random(1);
  for (std::size_t i = 0; i < kTokens; ++i)
    tokens_.push_back(static_cast<model::TokenId>(random() % loaded.plan().hparams.n_vocab));
}

void Bench::add_row(std::uint32_t sequence, std::uint32_t position, bool wants_logits) {
  const auto number = static_cast<std::int32_t>(position);
  batch_.rows.push_back({.token = tokens_[next_token_++ % kTokens],
                         .position = {number, number, number, number},
                         .sequence = sequence,
                         .kv_index = position,
                         .wanted = wants_logits ? model::Wanted::logits : model::Wanted::nothing});
}

template <class Visit>
Result<void> Bench::for_each_step(const Stretch& stretch, Visit&& visit) {
  const std::uint32_t max_rows = loaded_.limits().max_rows;
  const std::uint32_t stride = stretch.one_by_one ? 1 : stretch.end - stretch.begin;
  std::uint32_t n_handed_over = 0;  // since the last multiple of n_batch
  batch_.rows.clear();
  for (std::uint32_t first = stretch.begin; first < stretch.end; first += stride) {
    const std::uint32_t last = std::min(stretch.end, first + stride) - 1;
    for (std::uint32_t sequence = 0; sequence < test_.n_sequences; ++sequence)
      for (std::uint32_t position = first; position <= last; ++position) {
        const bool is_last_of_batch = ++n_handed_over == test_.n_batch;
        const bool is_last = sequence + 1 == test_.n_sequences && position == last;
        add_row(sequence, position,
                position == last || (is_last_of_batch && test_.n_sequences == 1));
        if (is_last_of_batch || is_last) n_handed_over = 0;
        if (n_handed_over != 0 && batch_.rows.size() < max_rows) continue;
        TRY(visit());
        batch_.rows.clear();
      }
  }
  return {};
}

Result<BenchPhase> Bench::run(const Stretch& stretch, const BenchPauses& pauses) {
  BenchPhase phase;
  if (stretch.begin == stretch.end) return phase;
  batch_.sequences.assign(sequences_.size(), {});
  TRY(for_each_step(stretch, [&]() -> Result<void> {
    phase.work += model::work_of(loaded_.plan(), loaded_.limits(), batch_);
    phase.n_tokens += batch_.rows.size();
    return {};
  }));
  for (std::size_t i = 0; i < sequences_.size(); ++i) {
    TRY(sequences_[i].reserve(stretch.end - stretch.begin));
    batch_.sequences[i] = {sequences_[i].blocks()};
  }
  std::chrono::steady_clock::duration measured{}, last_pause{};
  auto since = std::chrono::steady_clock::now();
  TRY(for_each_step(stretch, [&]() -> Result<void> {
    if (!loaded_.forward().run(batch_, &stop_)) return fail(ErrorCode::cancelled, "interrupted");
    const auto now = std::chrono::steady_clock::now();
    if (!pauses.visit || measured + (now - since) - last_pause < pauses.every) return {};
    measured += now - since;
    last_pause = measured;
    pauses.visit();
    since = std::chrono::steady_clock::now();
    return {};
  }));
  measured += std::chrono::steady_clock::now() - since;
  phase.ns = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(measured).count());
  for (model::Sequence& sequence : sequences_) sequence.commit(stretch.end - stretch.begin);
  return phase;
}

Result<void> Bench::fill() {
  TRY(run({.begin = sequences_[0].length(), .end = test_.n_depth, .one_by_one = false}));
  return {};
}

void Bench::go_on_with(const BenchTest& test) {
  CHECK(test.n_sequences == test_.n_sequences && test.n_batch > 0);
  CHECK(test.n_depth >= sequences_[0].length());
  test_ = test;
}

Result<void> Bench::warm_up() {
  const std::uint32_t depth = test_.n_depth, after_prompt = depth + test_.n_prompt;
  TRY(run({.begin = depth, .end = after_prompt, .one_by_one = false}));
  TRY(run({.begin = after_prompt,
           .end = after_prompt + std::min(test_.n_gen, 1u),
           .one_by_one = true}));
  for (model::Sequence& sequence : sequences_) sequence.roll_back(depth);
  return {};
}

Result<BenchSample> Bench::repeat(const BenchPauses& pauses) {
  const std::uint32_t depth = test_.n_depth, after_prompt = depth + test_.n_prompt;
  BenchSample sample;
  sample.prompt = TRY(run({.begin = depth, .end = after_prompt, .one_by_one = false}, pauses));
  sample.generation = TRY(
      run({.begin = after_prompt, .end = after_prompt + test_.n_gen, .one_by_one = true}, pauses));
  for (model::Sequence& sequence : sequences_) sequence.roll_back(depth);
  return sample;
}

}  // namespace hearth::engine
