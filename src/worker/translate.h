// SPDX-License-Identifier: Apache-2.0
//
// Between the wire's values and the engine's. Both are plain; that they are two is what keeps the
// front free of the engine.
#pragma once

#include <vector>

#include "base/file.h"
#include "engine/engine.h"
#include "wire/messages.h"
#include "worker/host_facts.h"

namespace hearth::worker {

// What to load, and with what. The descriptors are those that came with the message. usage, naming
// the setting, where one cannot be.
struct LoadRequest {
  std::vector<format::NamedFd> shards;
  engine::LoadOptions options;
  engine::ServingOptions serving;
};
Result<LoadRequest> to_load_request(const wire::Load& load, std::vector<UniqueFd> descriptors,
                                    const HostFacts& host);

// What to_load_request() makes these options of again; files, their names and the budget aside.
wire::Load to_load(const engine::LoadOptions& options);

// usage, beginning with the field's name, where the sampling fields are wrong.
Result<engine::Request> to_request(const wire::Submit& submit,
                                   const sample::SamplingParams& defaults);
engine::Request to_request(const wire::Embed& embed);
// What to_request() makes this request of again. Without an id.
wire::Submit to_submit(const engine::Request& request);

wire::Failed to_failed(wire::RequestId id, const Error& error);
wire::Status to_status(const engine::Counters& counters);
wire::Loaded to_loaded(const engine::LoadedEvent& event);
wire::Started to_started(wire::RequestId id, const engine::StartedEvent& event);
wire::Embedding to_embedding(wire::RequestId id, engine::EmbeddingEvent event);
wire::Finished to_finished(wire::RequestId id, const engine::FinishedEvent& event);
std::vector<wire::Position> to_positions(std::vector<engine::Position> positions);

}  // namespace hearth::worker
