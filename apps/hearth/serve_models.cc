// SPDX-License-Identifier: Apache-2.0
#include "serve_models.h"

#include <fcntl.h>

#include <cerrno>
#include <ctime>
#include <memory>
#include <utility>

#include "base/escape.h"
#include "worker/translate.h"

namespace hearth::app {
namespace {

constexpr std::uint32_t kMaxParallel = 256;

// Opens the model's files anew whenever its process is started.
Result<server::ModelToLoad> open_to_load(const ModelToServe& served,
                                         const engine::LoadOptions& settings) {
  const fetch::FoundModel found = TRY(locate_model(served.name, true));
  engine::LoadOptions load = settings;
  served.flags.compute.offer_prepared(found, load);
  server::ModelToLoad model;
  model.load = worker::to_load(load);
  model.load.confined = !served.flags.no_sandbox;
  for (format::NamedFd& shard : TRY(open_found(found, served.name))) {
    model.load.shard_names.push_back(shard.name);
    model.files.push_back(std::move(shard.fd));
  }
  for (const auto& prepared : {load.prepared.from, load.prepared.into}) {
    if (!prepared) continue;
    // Closed on exec: the worker gets it over the socket, and once.
    UniqueFd copy(::fcntl(prepared->get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return fail(ErrorCode::io, "{}: {}", printable(served.name), errno_text(errno));
    model.files.push_back(std::move(copy));
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
  return load;
}

Result<std::vector<server::ServedModel>> start_models(const ServeConfig& config,
                                                      server::Metrics& metrics) {
  std::vector<engine::LoadOptions> settings;
  for (const ModelToServe& model : config.models) settings.push_back(TRY(load_settings(model)));
  std::vector<server::ServedModel> all;
  for (std::size_t i = 0; i < config.models.size(); ++i) {
    const ModelToServe& model = config.models[i];
    server::ServedModel& served = all.emplace_back();
    served.id = model.id;
    served.aliases = model.aliases;
    served.created = static_cast<std::int64_t>(std::time(nullptr));
    served.max_requests = model.flags.max_queue;
    served.metrics = std::make_unique<server::ModelMetrics>(metrics, model.id);
    served.worker = std::make_unique<server::ModelWorker>(
        server::WorkerCommand{}, [model, load = settings[i]] { return open_to_load(model, load); });
  }
  return all;
}

}  // namespace hearth::app
