// SPDX-License-Identifier: Apache-2.0
#include "engine/scheduler.h"

#include <algorithm>

namespace hearth::engine {
namespace {

enum class Room { reserved, later, never };

// The youngest other request that holds blocks and has no rows in this step.
Running* youngest_other(std::list<Running>& running, const Running& request) {
  for (auto it = running.rbegin(); it != running.rend() && &*it != &request; ++it)
    if (it->step_rows == 0 && it->sequence.length() > 0) return &*it;
  return nullptr;
}

Room reserve(std::list<Running>& running, Running& request, std::uint32_t n_rows,
             const std::function<bool()>& make_room) {
  while (!request.sequence.reserve(n_rows)) {
    if (make_room()) continue;
    if (Running* victim = youngest_other(running, request)) {
      victim->sequence.roll_back(0);
      continue;
    }
    const bool others_hold = std::any_of(running.begin(), running.end(), [&](const Running& other) {
      return &other != &request && other.sequence.length() > 0;
    });
    return others_hold ? Room::later : Room::never;
  }
  return Room::reserved;
}

void add_rows(Running& request, std::uint32_t n_rows, model::Batch& batch,
              std::uint32_t& n_logits) {
  const auto sequence = static_cast<std::uint32_t>(batch.sequences.size());
  batch.sequences.push_back({request.sequence.blocks()});
  const std::uint32_t start = request.sequence.length();
  for (std::uint32_t i = 0; i < n_rows; ++i) {
    const auto position = static_cast<std::int32_t>(start + i);
    batch.rows.push_back({.token = request.tokens[start + i],
                          .position = {position, position, position, position},
                          .sequence = sequence,
                          .kv_index = start + i});
  }
  request.step_rows = n_rows;
  if (start + n_rows == request.tokens.size()) {
    batch.rows.back().wanted = model::Wanted::logits;
    request.step_logits = n_logits++;
  }
}

}  // namespace

void schedule(std::list<Running>& running, const model::ExecutorLimits& limits,
              const std::function<bool()>& make_room, model::Batch& batch) {
  batch.clear();
  std::uint32_t n_logits = 0;
  for (Running& request : running) {
    request.step_rows = 0;
    request.step_logits = Running::kNoLogits;
  }
  for (const bool decoding : {true, false}) {
    for (Running& request : running) {
      const std::uint32_t room = limits.max_rows - static_cast<std::uint32_t>(batch.rows.size());
      if (room == 0 || n_logits == limits.max_wanted) return;
      if (request.ended() || !request.drained() || request.is_decoding() != decoding) continue;
      const std::uint32_t n_rows = std::min(request.n_pending(), room);
      const Room reserved = reserve(running, request, n_rows, make_room);
      if (reserved == Room::never)
        request.fail({ErrorCode::does_not_fit,
                      "the KV cache has no room for this request; use a larger -c"});
      if (reserved != Room::reserved) continue;
      add_rows(request, n_rows, batch, n_logits);
    }
  }
}

}  // namespace hearth::engine
