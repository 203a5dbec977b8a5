// SPDX-License-Identifier: Apache-2.0
//
// Many requests to one model, on one thread of its own: load, then step after step until told to
// stop. All talk is by values: requests and commands go in through member functions that any thread
// may call, events come out through the queue that each caller brings.
//
// A reader that falls behind pauses its own request alone; one that closes its queue has cancelled
// it. cancel() takes effect within a layer when the request is computed alone, within a step
// otherwise. Destroying the engine cancels everything and joins the thread.
#pragma once

#include <memory>

#include "engine/loaded_model.h"
#include "engine/running.h"

namespace hearth::engine {

class Engine {
 public:
  // Starts loading at once. LoadProgressEvent, then LoadedEvent or FailedEvent, arrive on
  // load_events with request number 0. Requests submitted meanwhile wait; after a failed load they
  // fail.
  Engine(std::vector<format::NamedFd> shards, LoadOptions options,
         std::shared_ptr<EventQueue> load_events);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // StartedEvent, TextEvents and FinishedEvent, or FailedEvent, arrive on events.
  void submit(Request request, std::shared_ptr<EventQueue> events);
  // Also ends loading when given request number 0.
  void cancel(RequestId request);
  // How many threads compute, from the next step on.
  void set_threads(unsigned n_threads);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::engine
