// SPDX-License-Identifier: Apache-2.0
#include "serve_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <set>

#include "base/escape.h"
#include "base/json.h"
#include "process.h"
#include "serve_listeners.h"
#include "serve_models.h"

namespace hearth::app {
namespace {

class ConfigCheck {
 public:
  explicit ConfigCheck(const ServeOptions& options) {
    auto config = resolve(options);
    if (!config) {
      problem(config.error());
      return;
    }
    config_ = std::move(*config);
    is_resolved_ = true;
    notes_ = config_.notes;
    for (const ModelToServe& model : config_.models) check(model);
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) check_listener_at(i);
  }

  int status() const {
    if (problems_.empty()) return 0;
    const bool are_missing = std::ranges::all_of(
        problems_, [](const Error& error) { return error.code == ErrorCode::not_found; });
    return exit_code(are_missing ? ErrorCode::not_found : ErrorCode::usage);
  }

  Json json() const {
    Json problems = Json::array();
    for (const Error& error : problems_)
      problems.push_back({{"kind", name_of(error.code)}, {"message", error.message}});
    return {{"ok", problems_.empty()}, {"file", config_.file.empty() ? Json() : Json(config_.file)},
            {"models", models_},       {"listeners", listeners_},
            {"notes", notes_},         {"problems", std::move(problems)}};
  }

  std::string text() const {
    std::string text;
    if (is_resolved_)
      text = config_.file.empty() ? "no configuration file\n" : printable(config_.file) + "\n";
    for (const Json& model : models_) text += model_line(model);
    for (const Json& listener : listeners_) text += listener_line(listener);
    if (problems_.empty()) text += "all is well\n";
    return text;
  }

  void complain() const {
    for (const std::string& note : notes_) fmt::print(stderr, "hearth: note: {}\n", note);
    for (const Error& error : problems_) fmt::print(stderr, "hearth: {}\n", error.message);
  }

 private:
  static std::string model_line(const Json& model) {
    std::string also;
    for (const Json& alias : model["aliases"])
      also += (also.empty() ? " (also " : ", ") + printable(alias.get<std::string>(), 100);
    return fmt::format("model {}{}: {} requests at once\n",
                       printable(model["id"].get<std::string>(), 100),
                       also.empty() ? "" : also + ")", model["parallel"].get<std::uint32_t>());
  }

  static std::string listener_line(const Json& listener) {
    const auto n_keys = listener["keys"].get<std::size_t>();
    std::string models;
    for (const Json& model : listener["models"])
      models += (models.empty() ? "" : ", ") + printable(model.get<std::string>(), 100);
    return fmt::format("listener {}{}: {}, {}\n", listener["address"].get<std::string>(),
                       listener["tls"].get<bool>() ? " (TLS)" : "",
                       listener["needs_key"].get<bool>()
                           ? fmt::format("{} {}", n_keys, n_keys == 1 ? "key" : "keys")
                           : std::string("no key is asked for"),
                       models.empty() ? "all models" : "only " + models);
  }

  void problem(Error error) { problems_.push_back(std::move(error)); }
  template <class T>
  void look_at(const Result<T>& result) {
    if (!result) problem(result.error());
  }

  void check(const ModelToServe& model) {
    look_at(load_settings(model));
    look_at(locate_model(model.name, true));
    models_.push_back({{"id", model.id},
                       {"name", model.name},
                       {"aliases", model.aliases},
                       {"parallel", model.flags.n_parallel}});
  }

  void check_listener_at(std::size_t index) {
    const ListenerFlags& listener = config_.listeners[index];
    const std::string place = place_of(listener);
    const auto keys = keys_of(listener);
    look_at(keys);
    if (keys)
      for (const std::string& name : keys->missing)
        problem({ErrorCode::not_found,
                 fmt::format("{}: there is no key '{}'", place, printable(name, 100))});
    const auto policy = policy_of(config_, index, keys.value_or(ListenerKeys()));
    look_at(policy);
    const auto transport = transport_of(listener);
    look_at(transport);
    const bool needs_key =
        (policy && policy->exposure.needs_key) || (keys && keys->ring && !keys->ring->is_empty());
    check_address(listener, place, needs_key);
    listeners_.push_back({{"address", place},
                          {"tls", !listener.certificate_file.empty()},
                          {"needs_key", needs_key},
                          {"keys", keys && keys->ring ? keys->ring->entries().size() : 0},
                          {"models", policy ? policy->models : std::vector<std::string>()},
                          {"max_concurrent", listener.max_concurrent}});
  }

  // Sockets that are handed over are whoever's business who does.
  void check_address(const ListenerFlags& listener, const std::string& place, bool needs_key) {
    if (std::getenv("LISTEN_FDS") != nullptr) return;
    if (listener.port != 0 && !places_.insert(place).second) {
      problem({ErrorCode::usage, fmt::format("two listeners are on {}", place)});
      return;
    }
    const auto sockets = open_sockets(listener);
    // Perhaps by the very server that is to have this configuration after a restart.
    if (!sockets && sockets.error().message.ends_with(errno_text(EADDRINUSE)))
      return notes_.push_back(fmt::format("{} is in use now", place));
    look_at(sockets);
    if (!sockets) return;
    for (const server::Listener& socket : *sockets)
      look_at(server::check_listener(socket, needs_key, listener.no_key_on_purpose));
  }

  ServeConfig config_;
  bool is_resolved_ = false;
  std::vector<Error> problems_;
  std::vector<std::string> notes_;
  std::set<std::string> places_;
  Json models_ = Json::array(), listeners_ = Json::array();
};

}  // namespace

Result<int> check_config(const ServeOptions& options) {
  const ConfigCheck check(options);
  if (!options.json) check.complain();
  TRY(write_stdout(options.json ? to_json_text(check.json()) + "\n" : check.text()));
  return check.status();
}

}  // namespace hearth::app
