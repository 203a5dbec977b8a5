// SPDX-License-Identifier: Apache-2.0
//
// A worker: the process of one model, from its first word to its last. It hears from the front,
// over the socket alone, what to load; confines itself; and only then looks into a file. From then
// on it does whatever touches the model's data, its template and its tokens, and answers requests
// until the front closes the conversation or says Quit.
//
// Three threads beside those that compute: this one listens, one talks, one is the engine's.
#pragma once

#include "base/file.h"

namespace hearth::worker {

// Returns when the conversation is over. An error is one that nobody could be told: the socket is
// broken, or the front speaks another language.
Result<void> run_worker(UniqueFd socket);

}  // namespace hearth::worker
