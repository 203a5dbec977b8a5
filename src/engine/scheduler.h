// SPDX-License-Identifier: Apache-2.0
//
// Which requests are being computed, and which of their rows are in the next step.
//
// At most max_running requests are computed at once; the others wait. A free place goes to the key
// (Request::share_key) that has the fewest, then to the one that was served least, then to the
// oldest request. In a step, sequences that are generating come first, one row each, so that
// nobody's stream stalls behind a long prompt; prompts get as many rows as StepCosts allows beside
// them, or all of the step when nobody generates: the least served key first, the oldest request
// within it. Beside streams, short prompts and long ones take turns, so that neither wait for
// the others.
//
// When KV blocks run out, the prefix cache gives up what it holds. Then the youngest request loses
// its blocks and will compute its past again, which changes none of its tokens (the same rows give
// the same bits); no request ever takes blocks from an older one, so the oldest always gets on. A
// request that is alone and still lacks blocks fails. One thread.
#pragma once

#include <list>
#include <optional>
#include <span>

#include "engine/fair_shares.h"
#include "engine/prefix_cache.h"
#include "engine/running.h"
#include "engine/step_costs.h"
#include "model/batch.h"
#include "model/executor.h"

namespace hearth::engine {

struct SchedulingOptions {
  // Requests computed at once. 0, and at most: as many as a step has room for the logits of.
  std::uint32_t max_running = 0;
  StepBudget budget;
};

class Scheduler {
 public:
  // The cache outlives the scheduler.
  Scheduler(const model::ExecutorLimits& limits, model::SequenceStore& store, PrefixCache& cache,
            const SchedulingOptions& options);

  // A request has come into the list, in order of age, or is about to go from it.
  void arrive(const Running& request) { shares_.arrive(request.request.share_key); }
  void leave(const Running& request) { shares_.leave(request.request.share_key); }

  // Fills batch, and each request's Running::step.
  void schedule(std::list<Running>& requests, model::Batch& batch);
  // The request's rows of the step were computed: they are its past now, and the cache's.
  void commit(Running& request);
  // The request has ended: the cache keeps its past, and its blocks are free for others.
  void let_go(Running& request);
  // The step that was scheduled last was computed, in so much time.
  void record(double seconds) { costs_.record(n_prompt_rows_, n_generating_rows_, seconds); }

  // Of the step that was scheduled last.
  std::uint32_t n_prompt_rows() const { return n_prompt_rows_; }
  std::uint32_t n_generating_rows() const { return n_generating_rows_; }
  // Of all so far.
  std::uint64_t n_preemptions() const { return n_preemptions_; }
  std::uint64_t n_reused_tokens() const { return n_reused_tokens_; }

 private:
  enum class Room : std::uint8_t { reserved, later, never };

  void admit(std::list<Running>& requests) const;
  void add_generating(std::list<Running>& requests, model::Batch& batch);
  void add_prompts(std::list<Running>& requests, model::Batch& batch);
  // True if the request now has rows in the batch.
  bool add(std::list<Running>& requests, Running& request, model::Batch& batch);
  // Of the step, for rows of this request's prompt.
  std::uint32_t prompt_room(const Running& request);
  CacheMatch start(Running& request);
  bool could_finish_prompt(std::list<Running>& requests, const Running& request) const;
  Room reserve(std::list<Running>& requests, Running& request, std::uint32_t n_rows);

  const model::ExecutorLimits limits_;
  model::SequenceStore& store_;
  PrefixCache& cache_;
  const std::uint32_t max_running_;
  StepCosts costs_;
  FairShares shares_;
  // Of this step.
  std::uint32_t n_logits_ = 0, n_states_ = 0, n_prompt_rows_ = 0, n_generating_rows_ = 0;
  struct PromptRows {
    bool are_for_short;
    std::uint32_t most;
  };
  std::optional<PromptRows> beside_;  // rows that generate; for whom, the first prompt says
  bool is_turn_of_short_ = true;
  std::uint64_t n_preemptions_ = 0, n_reused_tokens_ = 0;
};

}  // namespace hearth::engine
