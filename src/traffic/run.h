// SPDX-License-Identifier: Apache-2.0
//
// Sends a workload to a server and notes what comes back, and when. One thread: it looks at the
// clock whenever bytes come, and cpu_seconds tells how busy it was itself.
//
// A request's time runs from the moment it is handed to the network, as in `vllm bench serve`: the
// wait for a place under max_concurrency is told apart. Connections are kept, so that only the
// first requests pay for theirs.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "traffic/answer.h"
#include "traffic/plan.h"
#include "traffic/prompt_file.h"
#include "traffic/prompts.h"
#include "traffic/target.h"

namespace hearth::traffic {

struct RunOptions {
  Target target;
  Workload workload;
  std::uint32_t n_shared = 0;       // tokens that begin every prompt
  std::vector<FilePrompt> prompts;  // instead of random words, in turn
  std::size_t max_concurrency = SIZE_MAX;
  std::uint32_t n_warmups = 1;                 // requests that are sent before and not counted
  std::chrono::milliseconds silence{600'000};  // without an event: the request has failed
};

struct MeasuredRequest {
  std::size_t class_index = 0;
  double sent_at = 0;  // seconds after the start
  double waited = 0;   // seconds for a place, after its planned arrival
  Answer answer;
};

struct RunResult {
  std::vector<MeasuredRequest> requests;  // in the order in which they ended
  std::size_t n_unfinished = 0;           // dropped or not sent, when somebody asked to stop
  double seconds = 0;                     // from the first request to the last end
  std::size_t most_at_once = 0;
  double cpu_seconds = 0;  // of this process, meanwhile
};

struct RunProgress {
  const char* what = "";  // "warming up"
  std::size_t n_done = 0, n_all = 0, n_failed = 0, n_active = 0;
};

struct RunWatch {
  const std::atomic<bool>& stop;  // asked several times a second
  std::function<void(const RunProgress&)> on_progress;
};

// An error only before the measurement: the server does not answer at all, or refuses the first
// request. After a stop the result is what was measured until then.
Result<RunResult> run(const RunOptions& options, const RunWatch& watch);

}  // namespace hearth::traffic
