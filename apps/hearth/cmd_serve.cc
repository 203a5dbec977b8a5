// SPDX-License-Identifier: Apache-2.0
//
// serve: answers OpenAI's API with models. This process has the sockets and the keys; each model
// lives in a process of its own, which can reach nothing but this one.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>

#include "base/escape.h"
#include "build_info.h"
#include "command.h"
#include "progress.h"
#include "serve_check.h"
#include "serve_listeners.h"
#include "serve_models.h"
#include "server/llama_routes.h"
#include "server/log.h"
#include "server/openai/routes.h"
#include "server/service_manager.h"

namespace hearth::app {
namespace {

using server::LogLevel;
using server::WorkerFacts;
using server::WorkerState;

// The signals that this command waits for are blocked everywhere, from before the first thread.
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

// The sockets, for who announces and who reloads; the vectors are of one size.
struct Reachable {
  std::vector<std::size_t> owners;  // as Listening's
  std::vector<std::string> addresses;
  std::vector<std::vector<std::string>> models = {};         // ids; empty: all
  std::vector<std::shared_ptr<server::TlsServer>> tls = {};  // null: without

  bool has_model(std::size_t socket, const std::string& id) const {
    return models[socket].empty() || std::ranges::find(models[socket], id) != models[socket].end();
  }
};

// Reads the configuration anew while requests run (SIGHUP): keys, certificates, and what
// ServeConfig::fixed does not name.
class Reloader {
 public:
  Reloader(const ServeOptions& options, const ServeConfig& running, server::Front& front,
           const Reachable& reachable, const server::Log& log)
      : options_(options), running_(running), front_(front), reachable_(reachable), log_(log) {}

  void reload() {
    const auto done = replace_policies();
    if (!done) log_.write(LogLevel::error, "reload_failed", {{"reason", done.error().message}});
    for (const auto& tls : reachable_.tls)
      if (const auto read = tls ? tls->reload() : Result<void>(); !read)
        log_.write(LogLevel::error, "reload_failed", {{"reason", read.error().message}});
    if (done) log_.write(LogLevel::info, "reloaded");
  }

 private:
  // All of them or none.
  Result<void> replace_policies() {
    const ServeConfig fresh = TRY(resolve(options_));
    if (fresh.listeners.size() != running_.listeners.size())
      return fail(ErrorCode::usage, "there are other listeners than before: restart the server");
    std::vector<server::ListenerPolicy> policies;
    for (std::size_t i = 0; i < fresh.listeners.size(); ++i) {
      const ListenerKeys keys = TRY(keys_of(fresh.listeners[i]));
      for (const std::string& name : keys.missing)
        log_.write(LogLevel::warning, "key_is_gone", {{"name", name}});
      ServeConfig served = running_;  // its models are those that run
      served.listeners = fresh.listeners;
      policies.push_back(TRY(policy_of(served, i, keys)));
    }
    for (std::size_t i = 0; i < reachable_.owners.size(); ++i)
      front_.replace(i, policies[reachable_.owners[i]]);
    say_what_stays(fresh);
    return {};
  }

  void say_what_stays(const ServeConfig& fresh) {
    std::vector<std::string> changed;
    std::ranges::set_symmetric_difference(fresh.fixed, running_.fixed, std::back_inserter(changed));
    for (const std::string& setting : changed)
      log_.write(LogLevel::warning, "needs_restart", {{"setting", setting}});
  }

  const ServeOptions& options_;
  const ServeConfig& running_;
  server::Front& front_;
  const Reachable& reachable_;
  const server::Log& log_;
};

// Watches the workers while they load, then waits for the signals.
class Serving {
 public:
  Serving(server::Models& models, Reloader& reloader, const Reachable& reachable,
          const server::Log& log)
      : models_(models),
        reloader_(reloader),
        reachable_(reachable),
        log_(log),
        n_restarts_(models.all().size()) {}

  // Until it is to end; an error when a model cannot be served at all.
  Result<void> run(const sigset_t& awaited) {
    manager_.notify("STATUS=loading");
    ProgressBar bar("loading");
    while (true) {
      const int signal = wait_for_signal(awaited);
      if (signal == SIGINT || signal == SIGTERM) return {};
      if (signal == SIGHUP) reload();
      const std::vector<WorkerFacts> facts = look();
      if (!is_ready_) {
        show_progress(bar, facts);
        TRY(announce_when_ready(facts));
      }
      log_restarts(facts);
      manager_.ping(facts);
    }
  }

  void say_stopping() { manager_.notify("STOPPING=1\nSTATUS=answering what is left"); }

 private:
  std::vector<WorkerFacts> look() const {
    std::vector<WorkerFacts> facts;
    for (const server::ServedModel& model : models_.all()) facts.push_back(model.worker->facts());
    return facts;
  }

  static void show_progress(ProgressBar& bar, const std::vector<WorkerFacts>& facts) {
    std::uint64_t done = 0, total = 0;
    for (const WorkerFacts& one : facts) {
      done += one.progress.done_bytes;
      total += one.progress.total_bytes;
    }
    bar.show(done, total);
  }

  Result<void> announce_when_ready(const std::vector<WorkerFacts>& facts) {
    for (const WorkerFacts& one : facts)
      if (one.state == WorkerState::failed) return fail(one.code, "{}", one.reason);
    is_ready_ = std::ranges::all_of(
        facts, [](const WorkerFacts& one) { return one.state == WorkerState::ready; });
    if (!is_ready_) return {};
    for (std::size_t i = 0; i < facts.size(); ++i) announce(models_.all()[i].id, facts[i].loaded);
    manager_.notify("READY=1\nSTATUS=serving");
    return {};
  }

  void announce(const std::string& id, const wire::Loaded& loaded) const {
    if (!loaded.notice.empty()) fmt::print(stderr, "hearth: note: {}\n", loaded.notice);
    for (std::size_t i = 0; i < reachable_.addresses.size(); ++i)
      if (reachable_.has_model(i, id))
        fmt::print(stderr, "hearth: {} is served at {} ({} tokens of context, {})\n",
                   printable(loaded.name, 100), reachable_.addresses[i], loaded.n_ctx,
                   loaded.confinement);
  }

  void log_restarts(const std::vector<WorkerFacts>& facts) {
    for (std::size_t i = 0; i < facts.size(); ++i) {
      if (facts[i].n_restarts > n_restarts_[i])
        log_.write(LogLevel::error, "worker_restarted",
                   {{"model", models_.all()[i].id}, {"reason", facts[i].reason}});
      n_restarts_[i] = facts[i].n_restarts;
    }
  }

  void reload() {
    manager_.notify_reloading();
    reloader_.reload();
    manager_.notify("READY=1");
  }

  server::Models& models_;
  Reloader& reloader_;
  const Reachable& reachable_;
  const server::Log& log_;
  server::ServiceManager manager_;
  bool is_ready_ = false;
  std::vector<std::uint64_t> n_restarts_;
};

server::HttpServerOptions http_options(std::vector<server::ListenerOptions> listeners) {
  server::HttpServerOptions options;
  options.limits.max_connections = 0;
  for (const server::ListenerOptions& listener : listeners)
    options.limits.max_connections +=
        listener.limits.value_or(server::HttpLimits()).max_connections;
  options.listeners = std::move(listeners);
  return options;
}

Result<int> serve(const ServeOptions& options) {
  if (options.checks_config) return check_config(options);
  const ServeConfig config = TRY(resolve(options));
  if (!config.file.empty())
    fmt::print(stderr, "hearth: note: settings of {}\n", printable(config.file));
  for (const std::string& note : config.notes) fmt::print(stderr, "hearth: note: {}\n", note);
  Listening listening = TRY(open_listeners(config));
  TRY(fetch_models(config));
  const sigset_t awaited = block_signals();

  const server::Log log(STDERR_FILENO);
  server::Metrics metrics;
  const SharedMachine machine = this_machine();
  server::Models models(TRY(start_models(config, metrics, log, machine)));
  server::HttpMetrics http_metrics(metrics);
  const server::ApiSettings api{.fingerprint = fmt::format("hearth-{}", kBuildCommit)};
  std::vector<server::Route> routes = server::openai_routes(models, api);
  for (server::Route& route : server::llama_routes(models, api, metrics))
    routes.push_back(std::move(route));
  Reachable reachable{.owners = std::move(listening.owners),
                      .addresses = std::move(listening.addresses)};
  for (const server::ListenerPolicy& policy : listening.policies)
    reachable.models.push_back(policy.models);
  for (const server::ListenerOptions& listener : listening.options)
    reachable.tls.push_back(listener.tls);
  server::Front front(server::Router(std::move(routes)), std::move(listening.policies));
  const auto on_done = [&](const server::RequestRecord& record) {
    log.request(record);
    http_metrics.count(record);
  };
  auto http = TRY(server::HttpServer::start(std::move(listening.sockets), front.app(on_done),
                                            http_options(std::move(listening.options))));

  Reloader reloader(options, config, front, reachable, log);
  Serving serving(models, reloader, reachable, log);
  const auto ended = serving.run(awaited);
  serving.say_stopping();
  machine.memory->stop();
  pthread_sigmask(SIG_UNBLOCK, &awaited, nullptr);  // a second one ends the program at once
  http->drain(std::chrono::seconds(ended ? config.drain_seconds : 0));
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
