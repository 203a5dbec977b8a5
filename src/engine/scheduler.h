// SPDX-License-Identifier: Apache-2.0
//
// Which rows the next forward step computes. Sequences that are generating come first, one row
// each, so that nobody's stream stalls behind a long prompt; prompts share what is left of the
// step, oldest first, in chunks. One thread.
#pragma once

#include <functional>
#include <list>

#include "engine/running.h"
#include "model/batch.h"
#include "model/executor.h"

namespace hearth::engine {

// Fills batch and each request's step_rows and step_logits (the index of its logits in the step).
// When KV blocks run out, make_room is asked first to give up cached ones and says whether it did.
// Then the youngest request loses its blocks and will compute its past again, which changes none of
// its tokens (the same rows give the same bits); a request that is alone and still lacks blocks
// fails.
void schedule(std::list<Running>& running, const model::ExecutorLimits& limits,
              const std::function<bool()>& make_room, model::Batch& batch);

}  // namespace hearth::engine
