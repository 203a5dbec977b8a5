// SPDX-License-Identifier: Apache-2.0
//
// Many requests to one model, on one thread of its own: load, then step after step until told to
// stop. All talk is by values: requests and commands go in through member functions that any thread
// may call, events come out through the queue that each caller brings.
//
// Requests wait for a place and share the model as engine/scheduler.h says; what finished requests
// leave in the KV cache serves later ones of their scope (engine/prefix_cache.h).
//
// A reader that falls behind pauses its own request alone; one that closes its queue has cancelled
// it. cancel() takes effect within a layer when the request is computed alone, within a step
// otherwise. Destroying the engine cancels everything and joins the thread.
#pragma once

#include <memory>
#include <optional>

#include "engine/counters.h"
#include "engine/loaded_model.h"
#include "engine/running.h"
#include "engine/scheduler.h"

namespace hearth::engine {

struct ServingOptions {
  SchedulingOptions scheduling;
  // What the prefix cache may hold of the KV cache; none: all that requests leave free; 0: off.
  std::optional<std::uint64_t> prefix_cache_bytes;
};

// How much of the CPU a model may use: so many threads at most, at the places of its crew from
// first_place on (base/thread_pool.h). 0: none; requests wait until there is another lease, and may
// come and go meanwhile.
struct Lease {
  unsigned n_threads = 0, first_place = 0;
};

class Engine {
 public:
  // Starts loading at once. LoadProgressEvent, then LoadedEvent or FailedEvent, arrive on
  // load_events with request number 0. Requests submitted meanwhile wait; after a failed load they
  // fail.
  Engine(std::vector<format::NamedFd> shards, LoadOptions options,
         std::shared_ptr<EventQueue> load_events, ServingOptions serving = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // PromptLogprobsEvents if asked for, StartedEvent, TextEvents and FinishedEvent, or, of a request
  // for an embedding, EmbeddingEvent, or FailedEvent, arrive on events.
  void submit(Request request, std::shared_ptr<EventQueue> events);
  // Also ends loading when given request number 0.
  void cancel(RequestId request);
  // Who may compute from the next step on; at first, all that it was loaded with.
  void lease(const Lease& lease);
  // As of the step that was finished last, before its events went out; n_waiting and n_progress as
  // of now.
  Counters counters() const;

  // What the model makes of texts, on the caller's thread. After LoadedEvent, any thread.
  std::vector<TokenId> tokenize(std::string_view text, bool add_special, bool parse_special) const;
  Result<std::string> detokenize(
      std::span<const TokenId> ids) const;  // usage: not in the vocabulary
  std::string piece(TokenId id) const;      // its bytes, which need not be whole UTF-8
  Result<std::string> apply_template(const std::string& variables_json) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::engine
