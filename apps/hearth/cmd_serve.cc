// SPDX-License-Identifier: Apache-2.0
//
// serve: answers OpenAI's API with a model. This process has the sockets and
// the keys; the model lives in a process of its own, which can reach nothing
// but this one.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

#include "base/escape.h"
#include "build_info.h"
#include "command.h"
#include "progress.h"
#include "serve_options.h"
#include "server/front.h"
#include "server/llama_routes.h"
#include "server/log.h"
#include "server/openai/routes.h"
#include "server/service_manager.h"
#include "worker/translate.h"

namespace hearth::app {
namespace {

using server::ModelWorker;
using server::WorkerState;

// The signals that this command waits for are blocked everywhere, from before
// the first thread.
sigset_t block_signals() {
  sigset_t awaited;
  sigemptyset(&awaited);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&awaited, signal);
  pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
  return awaited;
}

// The signal that came, or 0 after a while.
int wait_for_signal(const sigset_t& awaited) {
  constexpr timespec kPatience{.tv_sec = 0, .tv_nsec = 200'000'000};
  const int signal = ::sigtimedwait(&awaited, nullptr, &kPatience);
  return signal > 0 ? signal : 0;
}

// Opens the model's files anew whenever its process is started.
Result<server::ModelToLoad> open_to_load(const ServeOptions& options, const std::string& name,
                                         const engine::LoadOptions& settings) {
  const fetch::FoundModel found = TRY(locate_model(name, true));
  engine::LoadOptions load = settings;
  options.compute.offer_prepared(found, load);
  server::ModelToLoad model;
  model.load = worker::to_load(load);
  model.load.confined = !options.no_sandbox;
  for (format::NamedFd& shard : TRY(open_found(found, name))) {
    model.load.shard_names.push_back(shard.name);
    model.files.push_back(std::move(shard.fd));
  }
  for (const auto& prepared : {load.prepared.from, load.prepared.into}) {
    if (!prepared) continue;
    // Closed on exec: the worker gets it over the socket, and once.
    UniqueFd copy(::fcntl(prepared->get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return fail(ErrorCode::io, "{}: {}", printable(name), errno_text(errno));
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

Result<engine::LoadOptions> load_settings(const ServeOptions& options) {
  engine::LoadOptions load = TRY(options.compute.take());
  const TemplateArgument chosen = TRY(options.chat_template.take());
  load.chat_template = chosen.source;
  load.chat_template_name = chosen.name;
  if (options.n_parallel == 0 || options.n_parallel > 256)
    return fail(ErrorCode::usage, "-np {}: from 1 to 256 requests can be computed at once",
                options.n_parallel);
  load.n_sequences = options.n_parallel;
  return load;
}

// A file's name without its folder and ending, a name of the store as it is.
std::string id_of(const std::string& model) {
  const std::size_t slash = model.rfind('/');
  std::string id =
      model.ends_with(".gguf") && slash != std::string::npos ? model.substr(slash + 1) : model;
  if (id.ends_with(".gguf")) id.resize(id.size() - 5);
  return id;
}

std::string address_of(const server::Listener& listener) {
  return listener.is_unix() ? listener.name() : "http://" + listener.name();
}

// Watches the worker while it loads, then waits for the signals.
class Serving {
 public:
  Serving(const ServeOptions& options, server::Front& front, const ModelWorker& worker,
          std::vector<std::string> addresses)
      : options_(options), front_(front), worker_(worker), addresses_(std::move(addresses)) {}

  // Until it is to end; an error when the model cannot be served at all.
  Result<void> run(const sigset_t& awaited) {
    manager_.notify("STATUS=loading the model");
    ProgressBar bar("loading");
    while (true) {
      const int signal = wait_for_signal(awaited);
      if (signal == SIGINT || signal == SIGTERM) return {};
      if (signal == SIGHUP) reload();
      const server::WorkerFacts facts = worker_.facts();
      if (!was_ready_) bar.show(facts.progress.done_bytes, facts.progress.total_bytes);
      if (facts.state == WorkerState::ready && !was_ready_) announce(facts);
      if (facts.state == WorkerState::failed && !was_ready_)
        return fail(ErrorCode::failed, "{}", facts.reason);
      if (facts.n_restarts > n_restarts_)
        log_.write(server::LogLevel::error, "worker_restarted",
                   {{"reason", std::string_view(facts.reason)}});
      n_restarts_ = facts.n_restarts;
      manager_.ping({&facts, 1});
    }
  }

  void say_stopping() { manager_.notify("STOPPING=1\nSTATUS=answering what is left"); }

 private:
  void announce(const server::WorkerFacts& facts) {
    was_ready_ = true;
    if (!facts.loaded.notice.empty()) fmt::print(stderr, "hearth: note: {}\n", facts.loaded.notice);
    for (const std::string& address : addresses_)
      fmt::print(stderr, "hearth: {} is served at {} ({} tokens of context, {})\n",
                 printable(facts.loaded.name, 100), address, facts.loaded.n_ctx,
                 facts.loaded.confinement);
    manager_.notify("READY=1\nSTATUS=serving");
  }

  void reload() {
    manager_.notify_reloading();
    auto keys = options_.keys();
    if (keys)
      for (std::size_t i = 0; i < addresses_.size(); ++i)
        front_.replace(i, {options_.exposure(), std::make_shared<server::KeyRing>(*keys)});
    else
      log_.write(server::LogLevel::error, "reload_failed",
                 {{"reason", std::string_view(keys.error().message)}});
    manager_.notify("READY=1");
  }

  const ServeOptions& options_;
  server::Front& front_;
  const ModelWorker& worker_;
  const std::vector<std::string> addresses_;
  const server::Log log_{STDERR_FILENO};
  server::ServiceManager manager_;
  bool was_ready_ = false;
  std::uint64_t n_restarts_ = 0;
};

Result<int> serve(const ServeOptions& options) {
  const std::string name = TRY(options.model.take());
  const engine::LoadOptions settings = TRY(load_settings(options));
  const auto keys = std::make_shared<const server::KeyRing>(TRY(options.keys()));
  std::vector<server::Listener> listeners = TRY(options.listeners());
  std::vector<std::string> addresses;
  for (const server::Listener& listener : listeners) {
    TRY(server::check_listener(listener, !keys->is_empty(), options.no_key_on_purpose));
    addresses.push_back(address_of(listener));
  }
  TRY(locate_model(name, options.model.offline()));  // pulls it, if need be
  const sigset_t awaited = block_signals();

  std::vector<server::ServedModel> served(1);
  served.front().id = id_of(name);
  served.front().aliases = options.aliases;
  if (served.front().id != name) served.front().aliases.push_back(name);
  served.front().created = static_cast<std::int64_t>(std::time(nullptr));
  served.front().max_requests = options.max_queue;
  served.front().worker = std::make_unique<ModelWorker>(
      server::WorkerCommand{},
      [&options, name, settings] { return open_to_load(options, name, settings); });
  server::Metrics metrics;
  served.front().metrics = std::make_unique<server::ModelMetrics>(metrics, served.front().id);
  server::HttpMetrics http_metrics(metrics);
  server::Models models(std::move(served));
  const ModelWorker& worker = *models.all().front().worker;

  const server::ApiSettings api{.fingerprint = fmt::format("hearth-{}", kBuildCommit)};
  std::vector<server::Route> routes = server::openai_routes(models, api);
  for (server::Route& route : server::llama_routes(models, api, metrics))
    routes.push_back(std::move(route));
  std::vector<server::ListenerPolicy> policies(listeners.size(), {options.exposure(), keys});
  server::Front front(server::Router(std::move(routes)), std::move(policies));
  const server::Log log(STDERR_FILENO);
  const auto on_done = [&](const server::RequestRecord& record) {
    log.request(record);
    http_metrics.count(record);
  };
  auto http = TRY(server::HttpServer::start(std::move(listeners), front.app(on_done), {}));

  Serving serving(options, front, worker, std::move(addresses));
  const auto ended = serving.run(awaited);
  serving.say_stopping();
  pthread_sigmask(SIG_UNBLOCK, &awaited, nullptr);  // a second one ends the program at once
  http->drain(std::chrono::seconds(ended ? options.drain_seconds : 0));
  TRY(ended);
  return 0;
}

}  // namespace

Action declare_serve(Flags& flags) {
  auto options = std::make_shared<ServeOptions>();
  options->declare(flags);
  return [options] { return serve(*options); };
}

}  // namespace hearth::app
