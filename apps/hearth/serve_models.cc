// SPDX-License-Identifier: Apache-2.0
#include "serve_models.h"

#include <algorithm>
#include <ctime>
#include <memory>
#include <utility>

#include "host/cpus_allowed.h"
#include "host/memory.h"
#include "open_to_load.h"

namespace hearth::app {
namespace {

constexpr std::uint32_t kMaxParallel = 256;

// Rows of a step whose results are wanted: of all that generate, and of prompts that are scored.
constexpr std::uint32_t kLeastWanted = 64;

}  // namespace

SharedMachine this_machine() {
  return {.cores = std::make_shared<server::CoreLeases>(host::cpus_allowed()),
          .memory = std::make_shared<server::MemoryBudget>(host::available_memory().bytes)};
}

Result<void> fetch_models(const ServeConfig& config) {
  for (const ModelToServe& model : config.models) TRY(locate_model(model.name, model.is_offline));
  return {};
}

Result<engine::LoadOptions> load_settings(const ModelToServe& model) {
  engine::LoadOptions load = TRY(model.flags.compute.take());
  const TemplateArgument chosen = TRY(model.flags.chat_template.take());
  load.chat_template = chosen.source;
  load.chat_template_name = chosen.name;
  const std::uint32_t n_parallel = model.flags.n_parallel;
  if (n_parallel == 0 || n_parallel > kMaxParallel)
    return fail(ErrorCode::usage, "-np {}: from 1 to {} requests can be computed at once",
                n_parallel, kMaxParallel);
  load.n_sequences = n_parallel;
  load.max_wanted = std::max(kLeastWanted, n_parallel);
  if (const auto bytes = model.flags.prefix_cache_bytes(); !bytes)
    return std::unexpected(bytes.error());
  if (const auto pooling = model.flags.pooling(); !pooling) return std::unexpected(pooling.error());
  return load;
}

Result<std::vector<server::ServedModel>> start_models(const ServeConfig& config,
                                                      server::Metrics& metrics,
                                                      const server::Log& log,
                                                      const SharedMachine& machine) {
  std::vector<WorkerSettings> settings;
  for (const ModelToServe& model : config.models)
    settings.push_back({
      .model = model.name, .compute = model.flags.compute, .load = TRY(load_settings(model))
      , .prefix_cache_bytes = TRY(model.flags.prefix_cache_bytes())
      , .is_confined = !model.flags.no_sandbox
    });
  std::vector<server::ServedModel> all;
  for (std::size_t i = 0; i < config.models.size(); ++i) {
    const ModelToServe& model = config.models[i];
    server::ServedModel& served = all.emplace_back();
    served.id = model.id;
    served.aliases = model.aliases;
    served.created = static_cast<std::int64_t>(std::time(nullptr));
    served.max_requests = model.flags.max_queue;
    served.pooling = TRY(model.flags.pooling());
    served.caches_prompts = model.flags.caches();
    served.log = &log;
    served.metrics = std::make_unique<server::ModelMetrics>(metrics, model.id);
    served.worker = std::make_unique<server::ModelWorker>(
        server::WorkerCommand{}, opener_of(std::move(settings[i]), machine.memory), machine.cores);
  }
  return all;
}

}  // namespace hearth::app
