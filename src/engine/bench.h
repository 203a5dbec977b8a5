// SPDX-License-Identifier: Apache-2.0
//
// How fast a loaded model reads prompts and generates: forward steps alone, over random tokens of
// its vocabulary, with neither tokenisation nor sampling, as llama-bench and llama-batched-bench of
// llama.cpp measure. Sequences are filled up to a depth once; each repetition goes on from there.
//
// One thread; the model must hold the KV blocks of the test (n_blocks_for).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/error.h"
#include "engine/loaded_model.h"
#include "model/roofline.h"

namespace hearth::engine {

struct BenchTest {
  std::uint32_t n_prompt = 0;     // tokens of each sequence, in one go
  std::uint32_t n_gen = 0;        // then so many, one after the other
  std::uint32_t n_depth = 0;      // tokens that are there before
  std::uint32_t n_sequences = 1;  // at once
  std::uint32_t n_batch = 2048;   // tokens of a prompt after which logits are asked for
};

// KV blocks that a test fills.
std::uint64_t n_blocks_for(const BenchTest& test);

struct BenchPhase {
  std::uint64_t ns = 0;
  std::uint64_t n_tokens = 0;  // of all sequences
  model::Work work;
};

struct BenchSample {
  BenchPhase prompt, generation;
};

// For asking how fast the machine is meanwhile: visit is called after a step when `every` of
// measured time has passed since the last call. What it takes does not count.
struct BenchPauses {
  std::function<void()> visit;
  std::chrono::milliseconds every{400};
};

class Bench {
 public:
  // Everything outlives the Bench. stop: checked within every layer; cancelled is the answer then.
  Bench(LoadedModel& loaded, const BenchTest& test, const std::atomic<bool>& stop);

  // Fills the sequences up to the depth. To be called first.
  Result<void> fill();
  // Goes on with another test of as many sequences, at the same depth or a greater one: what is in
  // the cache stays there, and the next fill() adds what is missing.
  void go_on_with(const BenchTest& test);
  // The prompt once and one token: pages, caches and threads are awake afterwards.
  Result<void> warm_up();
  Result<BenchSample> repeat(const BenchPauses& pauses = {});

 private:
  // Positions [begin, end) of every sequence.
  struct Stretch {
    std::uint32_t begin, end;
    bool one_by_one;  // a token of each sequence at a time, as when generating
  };
  Result<BenchPhase> run(const Stretch& stretch, const BenchPauses& pauses = {});
  // Puts the rows of one step after the other into batch_ and calls visit, until that fails.
  template <class Visit>
  Result<void> for_each_step(const Stretch& stretch, Visit&& visit);
  void add_row(std::uint32_t sequence, std::uint32_t position, bool wants_logits);

  LoadedModel& loaded_;
  BenchTest test_;
  const std::atomic<bool>& stop_;
  std::vector<model::Sequence> sequences_;
  std::vector<model::TokenId> tokens_;  // random ones, used in turn
  std::size_t next_token_ = 0;
  model::Batch batch_;
};

}  // namespace hearth::engine
