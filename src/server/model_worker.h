// SPDX-License-Identifier: Apache-2.0
//
// One model as the front sees it: its worker process is started, watched, and started again when it
// dies, and requests go to it and events come back. A worker that ends takes its running requests
// with it, each of which ends in one clear error; one that ends three times within a minute, or
// says that the model cannot be loaded, is given up and says why.
//
// Every function may be called from any thread and none waits for the worker but those that say so.
// Two threads belong to it, whatever the number of requests: one reads and one writes.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/core_leases.h"
#include "server/memory_budget.h"
#include "server/request_stream.h"
#include "server/worker_process.h"

namespace hearth::server {

// What a worker is given each time it starts.
struct ModelToLoad {
  wire::Load load;
  std::vector<UniqueFd> files;
  std::function<void(const wire::Loaded&)> loaded;  // e.g. keeps a prepared copy; may be empty
  std::unique_ptr<MemoryClaim> claim;  // its part of the memory while it lives; may be null
};
// Opens the model's files; called from a thread of the ModelWorker, each time the worker starts.
using OpenModel = std::function<Result<ModelToLoad>()>;

enum class WorkerState : std::uint8_t { starting, loading, ready, failed, stopped };
std::string_view name_of(WorkerState state);

// What is known of it now.
struct WorkerFacts {
  WorkerState state = WorkerState::starting;
  std::string reason;                  // why it failed, or why it was started again the last time
  ErrorCode code = ErrorCode::failed;  // of that
  wire::Progress progress;             // of loading
  wire::Loaded loaded;                 // once it has been ready
  wire::Status status;                 // the last that came
  std::size_t n_requests = 0;
  std::uint64_t n_restarts = 0;
};

class ModelWorker {
 public:
  // It computes under leases of these cores; null: on all of them.
  ModelWorker(WorkerCommand command, OpenModel open, std::shared_ptr<CoreLeases> cores = nullptr);
  // Asks the process to quit, waits for a few seconds, and makes it.
  ~ModelWorker();
  ModelWorker(const ModelWorker&) = delete;
  ModelWorker& operator=(const ModelWorker&) = delete;

  WorkerFacts facts() const;
  // Waits until it is neither starting nor loading, or the patience is over.
  WorkerState wait_until_settled(std::chrono::milliseconds patience) const;

  // Sends a message that begins a request; its id is set here. io while the worker is not ready;
  // does_not_fit when the message is too large. Dropping the stream cancels the request.
  template <class Message>
  Result<std::shared_ptr<RequestStream>> begin(Message message) {
    const wire::RequestId id = next_id();
    message.id = id;
    return begin_request(id, wire::ToWorker(std::move(message)));
  }

 private:
  struct Impl;
  wire::RequestId next_id();
  Result<std::shared_ptr<RequestStream>> begin_request(wire::RequestId id,
                                                       const wire::ToWorker& message);

  std::shared_ptr<Impl> impl_;  // streams may outlive us
};

}  // namespace hearth::server
