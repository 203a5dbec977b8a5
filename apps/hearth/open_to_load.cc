// SPDX-License-Identifier: Apache-2.0
#include "open_to_load.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "base/escape.h"
#include "base/file.h"
#include "model_source.h"
#include "smaller_in_store.h"
#include "worker/translate.h"

namespace hearth::app {
namespace {

constexpr std::size_t kMostOthers = 16;

// Closed on exec: the worker gets it over the socket, and once.
Result<UniqueFd> copy_of(const UniqueFd& fd, const std::string& name) {
  UniqueFd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return fail(ErrorCode::io, "{}: {}", printable(name), errno_text(errno));
  return copy;
}

// Smaller models that are told apart by one file each, for advice.
void offer_others(server::ModelToLoad& model, std::uint64_t below_bytes) {
  for (engine::Candidate& other : smaller_opened_now(below_bytes, kMostOthers)) {
    if (other.shards.size() != 1) continue;
    model.load.others.push_back(std::move(other.name));
    model.files.push_back(std::move(other.shards.front().fd));
  }
}

Result<server::ModelToLoad> open_to_load(const WorkerSettings& settings,
                                         const std::shared_ptr<server::MemoryBudget>& budget) {
  const fetch::FoundModel found = TRY(locate_model(settings.model, true));
  engine::LoadOptions load = settings.load;
  settings.compute.offer_prepared(found, load);
  server::ModelToLoad model;
  model.load = worker::to_load(load);
  model.load.confined = settings.is_confined;
  model.load.prefix_cache_bytes = settings.prefix_cache_bytes;
  std::uint64_t n_bytes = 0;
  for (format::NamedFd& shard : TRY(open_found(found, settings.model))) {
    n_bytes += TRY(file_size(shard.fd.get()));
    model.load.shard_names.push_back(shard.name);
    model.files.push_back(std::move(shard.fd));
  }
  for (const auto& prepared : {load.prepared.from, load.prepared.into})
    if (prepared) model.files.push_back(TRY(copy_of(*prepared, settings.model)));
  offer_others(model, n_bytes);
  if (budget) {
    model.claim = budget->claim();
    model.load.available_bytes = model.claim->available_bytes();
  }
  if (load.prepared.done)
    model.loaded = [done = load.prepared.done](const wire::Loaded& loaded) {
      model::WeightsReport report;
      report.wrote_copy = loaded.wrote_prepared;
      report.refused = loaded.refused_prepared;
      done(report);
    };
  return model;
}

}  // namespace

server::OpenModel opener_of(WorkerSettings settings, std::shared_ptr<server::MemoryBudget> budget) {
  return [settings = std::move(settings), budget = std::move(budget)] {
    return open_to_load(settings, budget);
  };
}

}  // namespace hearth::app
