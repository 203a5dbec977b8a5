// SPDX-License-Identifier: Apache-2.0
#include "serve_config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "apply_settings.h"
#include "base/escape.h"
#include "settings_file.h"
#include "store/aliases.h"

namespace hearth::app {
namespace {

constexpr std::array<std::string_view, 2> kLists = {"model", "listener"};
// Where the keys of a listener come from: who says one of them says all.
constexpr std::array<std::string_view, 3> kKeySources = {"--api-key", "--api-key-file",
                                                         "--key-name"};
// What SIGHUP changes while requests run (serve_listeners.h).
constexpr std::array<std::string_view, 10> kReloaded = {
    "api-key",      "api-key-file", "key-name",    "no-key",         "allowed-model",
    "allowed-host", "cors-origin",  "trust-proxy", "max-concurrent", "drain"};

// The file that was named, else the one at the usual place if there is one.
Result<std::optional<SettingsFile>> read_config(const std::string& named) {
  if (!named.empty()) return TRY(read_settings_file(named, kLists));
  const auto folder = store::config_folder();
  if (!folder) return std::nullopt;
  const std::string usual = *folder + "/serve.toml";
  if (::access(usual.c_str(), F_OK) != 0) return std::nullopt;
  return TRY(read_settings_file(usual, kLists));
}

template <class Options>
Result<void> apply(Options& options, const SettingTable& table, const GivenFlags& given) {
  Declarations declarations;
  Flags flags(declarations);
  options.declare(flags);
  return apply_settings(declarations, table, given);
}

// A table [[model]].
struct ModelTable {
  ModelArgument model;
  ModelFlags flags;
  void declare(Flags& declared) {
    model.declare(declared, false);
    flags.declare(declared);
  }
};

// A file's name without its folder and ending, a name of the store as it is.
std::string id_of(const std::string& model) {
  const std::size_t slash = model.rfind('/');
  std::string id =
      model.ends_with(".gguf") && slash != std::string::npos ? model.substr(slash + 1) : model;
  if (id.ends_with(".gguf")) id.resize(id.size() - 5);
  return id;
}

ModelToServe model_to_serve(std::string name, ModelFlags flags, bool is_offline) {
  ModelToServe model{.name = std::move(name), .id = {}, .is_offline = is_offline};
  model.id = id_of(model.name);
  model.aliases = flags.aliases;
  if (model.id != model.name) model.aliases.push_back(model.name);
  model.flags = std::move(flags);
  return model;
}

Result<ModelToServe> model_of(const SettingTable& table, const ServeFlags& top,
                              const GivenFlags& given) {
  ModelTable own{.model = {}, .flags = top.of_models};
  if (!given.contains("-a")) own.flags.aliases.clear();
  TRY(apply(own, table, given));
  if (!own.model.given())
    return table.wrong(table.place, "this [[model]] does not say which: model");
  return model_to_serve(TRY(own.model.take()), own.flags,
                        top.model.offline() || own.model.offline());
}

Result<ListenerFlags> listener_of(const SettingTable& table, const ServeFlags& top,
                                  const GivenFlags& given) {
  ListenerFlags own = top.of_listeners;
  Declarations declarations;
  Flags flags(declarations);
  own.declare(flags);
  GivenFlags beaten = given;
  const bool are_given = std::ranges::any_of(
      kKeySources, [&](std::string_view source) { return given.contains(source); });
  const bool are_own = std::ranges::any_of(
      kKeySources, [&](std::string_view source) { return mentions(declarations, table, source); });
  if (are_given) {
    beaten.insert(kKeySources.begin(), kKeySources.end());
  } else if (are_own) {
    own.api_keys.clear();
    own.api_key_file.clear();
    own.key_names.clear();
    own.takes_all_named_keys = false;
  }
  TRY(apply_settings(declarations, table, beaten));
  return own;
}

Result<void> check_names(const std::vector<ModelToServe>& models) {
  std::set<std::string> taken;
  for (const ModelToServe& model : models) {
    std::set<std::string> own(model.aliases.begin(), model.aliases.end());
    own.insert(model.id);
    for (const std::string& name : own)
      if (!taken.insert(name).second)
        return fail(ErrorCode::usage, "two models would be called '{}'", printable(name, 100));
  }
  return {};
}

void add_fixed(std::set<std::string>& fixed, const SettingTable& table, const std::string& where) {
  for (const Setting& setting : table.settings) {
    std::string key = setting.key;
    std::ranges::replace(key, '_', '-');
    if (std::ranges::find(kReloaded, key) != kReloaded.end()) continue;
    std::string values;
    for (const SettingValue& value : setting.values)
      values += (values.empty() ? "" : ", ") + printable(value.text, 200);
    fixed.insert(fmt::format("{}{} = {}", where, printable(key, 60), values));
  }
}

// Lists of tables in one go: what each is, and that it is not used if that was said elsewhere.
class ConfigBuilder {
 public:
  ConfigBuilder(const ServeOptions& options, std::optional<SettingsFile> file)
      : said_(options.said), given_(options.given), file_(std::move(file)) {}

  Result<ServeConfig> build() {
    const auto named = TRY(said_.model.take_all());
    ServeFlags top = said_;
    if (file_) TRY(apply(top, file_->top, given_));
    TRY(add_models(top, named));
    TRY(add_listeners(top));
    config_.drain_seconds = top.drain_seconds;
    TRY(check_names(config_.models));
    if (file_) {
      config_.file = file_->top.path;
      add_fixed(config_.fixed, file_->top, "");
    }
    return std::move(config_);
  }

 private:
  std::span<const SettingTable> tables(std::string_view list) const {
    if (!file_) return {};
    const auto found = file_->lists.find(list);
    return found == file_->lists.end() ? std::span<const SettingTable>() : found->second;
  }

  // The tables of a list, unless the command line speaks instead of them.
  std::span<const SettingTable> used_tables(std::string_view list, bool are_beaten,
                                            std::string_view by) {
    const auto all = tables(list);
    if (all.empty() || !are_beaten) return all;
    config_.notes.push_back(
        fmt::format("[[{}]] of {} is not used: {}", list, printable(file_->top.path), by));
    return {};
  }

  Result<void> add_models(const ServeFlags& top, const std::vector<std::string>& named) {
    const auto own = used_tables("model", !named.empty(), "a model is named on the command line");
    for (const SettingTable& table : own) {
      config_.models.push_back(TRY(model_of(table, top, given_)));
      add_fixed(config_.fixed, table, fmt::format("[[model]] {}: ", config_.models.size()));
    }
    const auto plain = TRY(top.model.take_all());
    if (!own.empty() && !plain.empty())
      return file_->top.wrong(own.front().place,
                              "a model at the top level leaves no room for this");
    if (plain.size() > 1 && !top.of_models.aliases.empty())
      return fail(ErrorCode::usage, "--alias names one model: write a [[model]] for each");
    for (const std::string& name : plain)
      config_.models.push_back(model_to_serve(name, top.of_models, top.model.offline()));
    if (config_.models.empty())
      return fail(ErrorCode::usage,
                  "give a model: a name, -m FILE, or [[model]] in a --config file");
    return {};
  }

  Result<void> add_listeners(const ServeFlags& top) {
    const bool is_said = given_.contains("--host") || given_.contains("--port");
    for (const SettingTable& table :
         used_tables("listener", is_said, "--host or --port is given")) {
      config_.listeners.push_back(TRY(listener_of(table, top, given_)));
      add_fixed(config_.fixed, table, fmt::format("[[listener]] {}: ", config_.listeners.size()));
    }
    if (config_.listeners.empty()) config_.listeners.push_back(top.of_listeners);
    return {};
  }

  const ServeFlags& said_;
  const GivenFlags& given_;
  const std::optional<SettingsFile> file_;
  ServeConfig config_;
};

}  // namespace

bool ModelToServe::is_called(std::string_view word) const {
  return word == id || std::ranges::find(aliases, word) != aliases.end();
}

Result<ServeConfig> resolve(const ServeOptions& options) {
  return ConfigBuilder(options, TRY(read_config(options.config_file))).build();
}

}  // namespace hearth::app
