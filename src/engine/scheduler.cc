// SPDX-License-Identifier: Apache-2.0
#include "engine/scheduler.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace hearth::engine {
namespace {

// The youngest of those younger than a request that hold blocks and have no rows in this step.
Running* youngest_after(std::list<Running>& requests, const Running& request) {
  for (auto it = requests.rbegin(); it != requests.rend() && &*it != &request; ++it)
    if (it->step.n_rows == 0 && !it->sequence.blocks().empty()) return &*it;
  return nullptr;
}

bool others_hold_blocks(const std::list<Running>& requests, const Running& request) {
  return std::ranges::any_of(requests, [&](const Running& other) {
    return &other != &request && !other.sequence.blocks().empty();
  });
}

// How many of a request's pending rows fit, of which at most max_logits want logits.
std::uint32_t n_rows_within(const Running& request, std::uint32_t max_rows,
                            std::uint32_t max_logits) {
  const std::uint32_t start = request.sequence.length();
  const std::uint32_t most = std::min(max_rows, request.n_pending());
  std::uint32_t n = 0, n_logits = 0;
  while (n < most) {
    if (request.wanted(start + n) == model::Wanted::logits && n_logits++ == max_logits) break;
    ++n;
  }
  return n;
}

std::uint32_t blocks_for(std::size_t n_tokens) {
  return static_cast<std::uint32_t>((n_tokens + model::kBlockTokens - 1) / model::kBlockTokens);
}

}  // namespace

Scheduler::Scheduler(const model::ExecutorLimits& limits, model::SequenceStore& store,
                     PrefixCache& cache, const SchedulingOptions& options)
    : limits_(limits),
      store_(store),
      cache_(cache),
      max_running_(std::min({options.max_running == 0 ? limits.max_wanted : options.max_running,
                             limits.max_wanted, limits.max_rows})),
      costs_(options.budget) {}

void Scheduler::schedule(std::list<Running>& requests, model::Batch& batch) {
  batch.clear();
  n_logits_ = n_states_ = n_prompt_rows_ = n_generating_rows_ = 0;
  beside_.reset();
  for (Running& request : requests) request.step = {};
  admit(requests);
  add_generating(requests, batch);
  add_prompts(requests, batch);
}

void Scheduler::admit(std::list<Running>& requests) const {
  std::map<std::uint64_t, std::uint32_t> n_places;  // of each key
  std::uint32_t n_running = 0;
  bool is_anyone_waiting = false;
  for (const Running& request : requests) {
    if (request.ended()) continue;
    if (!request.is_admitted()) {
      is_anyone_waiting = true;
      continue;
    }
    ++n_running;
    ++n_places[request.request.share_key];
  }
  while (is_anyone_waiting && n_running < max_running_) {
    Running* next = nullptr;
    const auto rank = [&](const Running& request) {
      const std::uint64_t key = request.request.share_key;
      return std::tuple(n_places[key], shares_.served(key));
    };
    for (Running& request : requests) {
      if (request.ended() || request.is_admitted()) continue;
      if (next == nullptr || rank(request) < rank(*next)) next = &request;
    }
    if (next == nullptr) return;
    next->admit();
    ++n_running;
    ++n_places[next->request.share_key];
  }
}

void Scheduler::add_generating(std::list<Running>& requests, model::Batch& batch) {
  for (Running& request : requests)
    if (request.is_active() && request.is_generating() && add(requests, request, batch))
      ++n_generating_rows_;
}

// Prompts, and the past of requests that lost their blocks.
void Scheduler::add_prompts(std::list<Running>& requests, model::Batch& batch) {
  std::vector<Running*> candidates;
  for (Running& request : requests)
    if (request.is_active() && !request.is_generating()) candidates.push_back(&request);
  if (candidates.empty()) return;
  const bool is_alone = n_generating_rows_ == 0;
  if (!is_alone && !costs_.is_open_to_prompts(n_generating_rows_)) return;
  // Of one that has not begun all may have to be computed, or none.
  const auto is_short = [this](const Running& request) {
    return request.sequence.length() == 0 ? costs_.is_short(request.n_pending()) : request.is_short;
  };
  const auto rank = [&](const Running* request) {
    return std::pair(shares_.served(request->request.share_key),
                     !is_alone && is_short(*request) != is_turn_of_short_);
  };
  while (n_logits_ < limits_.max_wanted && !candidates.empty()) {
    const auto next = std::ranges::min_element(candidates, {}, rank);
    Running& request = **next;
    candidates.erase(next);
    if (add(requests, request, batch)) n_prompt_rows_ += request.step.n_rows;
    if (n_generating_rows_ + n_prompt_rows_ == limits_.max_rows) break;
    if (beside_ && n_prompt_rows_ >= beside_->most) break;
  }
  // Whether or not it had blocks for them.
  if (beside_) is_turn_of_short_ = !beside_->are_for_short;
}

std::uint32_t Scheduler::prompt_room(const Running& request) {
  const std::uint32_t room = limits_.max_rows - n_generating_rows_ - n_prompt_rows_;
  if (n_generating_rows_ == 0) return room;
  if (!beside_)
    beside_ = {request.is_short, costs_.prompt_rows_beside(n_generating_rows_, request.is_short)};
  if (request.is_short != beside_->are_for_short) return 0;
  return std::min(room, beside_->most - std::min(beside_->most, n_prompt_rows_));
}

bool Scheduler::add(std::list<Running>& requests, Running& request, model::Batch& batch) {
  const bool is_new = request.sequence.length() == 0;
  CacheMatch match;
  if (is_new) {
    match = start(request);
    request.is_short = costs_.is_short(request.n_pending());
  }
  const std::uint32_t max_rows = request.is_generating() ? 1 : prompt_room(request);
  const std::uint32_t n_rows = n_rows_within(request, max_rows, limits_.max_wanted - n_logits_);
  const Room room = n_rows == 0 || (is_new && !could_finish_prompt(requests, request))
                        ? Room::later
                        : reserve(requests, request, n_rows);
  if (room != Room::reserved) {
    if (is_new) request.sequence.roll_back(0);  // what it found in the cache may be needed more
    if (room == Room::never)
      request.fail(
          {ErrorCode::does_not_fit, "the KV cache has no room for this request; use a larger -c"});
    return false;
  }
  if (is_new) {
    n_reused_tokens_ += match.n_tokens;
    request.begin(std::move(match));
  }
  const auto sequence = static_cast<std::uint32_t>(batch.sequences.size());
  batch.sequences.push_back({request.sequence.blocks()});
  StepRows& step = request.step;
  step = {.n_rows = n_rows, .first_logits = n_logits_, .first_states = n_states_};
  for (std::uint32_t i = request.sequence.length(), end = i + n_rows; i < end; ++i) {
    const auto position = static_cast<std::int32_t>(i);
    const model::Wanted wanted = request.wanted(i);
    batch.rows.push_back({.token = request.tokens[i],
                          .position = {position, position, position, position},
                          .sequence = sequence,
                          .kv_index = i,
                          .wanted = wanted,
                          .hidden_layer = model::kFinalNorm});
    if (wanted == model::Wanted::logits) ++step.n_logits;
    if (wanted == model::Wanted::hidden) ++step.n_states;
  }
  n_logits_ += step.n_logits;
  n_states_ += step.n_states;
  shares_.charge(request.request.share_key, n_rows);
  return true;
}

// Begins with what is cached of it. The row before the next token is always computed again, and so
// are those whose logits are wanted.
CacheMatch Scheduler::start(Running& request) {
  CacheMatch match{.stop = CacheStop::not_asked};
  if (request.request.uses_cache)
    match = cache_.adopt(request.request.cache_scope,
                         std::span(request.tokens).first(request.first_wanted()), request.sequence);
  if (request.wants_prompt_logprobs())
    match = {.n_tokens = match.n_tokens, .stop = CacheStop::not_asked};
  return match;
}

// Whether a request that has no blocks yet could have all that it needs for its next token. One
// that could not would take blocks, only to lose them again. It may take those of younger ones.
bool Scheduler::could_finish_prompt(std::list<Running>& requests, const Running& request) const {
  const std::uint32_t n_have = request.sequence.length() / model::kBlockTokens;
  const std::uint32_t n_need = blocks_for(request.n_needed()) - n_have;
  return n_need <= store_.pool.n_free() ||
         n_need <= store_.pool.n_free() + cache_.n_idle_blocks() ||
         youngest_after(requests, request) != nullptr || !others_hold_blocks(requests, request);
}

Scheduler::Room Scheduler::reserve(std::list<Running>& requests, Running& request,
                                   std::uint32_t n_rows) {
  while (!request.sequence.reserve(n_rows)) {
    if (cache_.make_room(request.sequence)) continue;
    if (Running* const victim = youngest_after(requests, request)) {
      victim->lose_blocks();
      ++n_preemptions_;
      continue;
    }
    return others_hold_blocks(requests, request) ? Room::later : Room::never;
  }
  return Room::reserved;
}

void Scheduler::commit(Running& request) {
  request.sequence.commit(request.step.n_rows);
  const std::uint32_t n_past = request.sequence.length();
  const std::uint32_t n_full = n_past / model::kBlockTokens;
  if (n_full == request.n_kept_blocks || !request.request.uses_cache) return;
  cache_.keep(request.request.cache_scope, std::span(request.tokens).first(n_past),
              request.sequence, false);
  request.n_kept_blocks = n_full;
}

void Scheduler::let_go(Running& request) {
  const auto past = std::span(request.tokens).first(request.sequence.length());
  if (request.request.uses_cache)
    cache_.keep(request.request.cache_scope, past, request.sequence, true);
  request.lose_blocks();
}

}  // namespace hearth::engine
