// SPDX-License-Identifier: Apache-2.0
//
// key: the API keys of `hearth serve`. A key is shown once, when it is made;
// what is kept is a hash.
#include <fmt/format.h>

#include <array>

#include "base/escape.h"
#include "base/json.h"
#include "command.h"
#include "process.h"
#include "serve_listeners.h"
#include "server/router.h"
#include "state_folder.h"

namespace hearth::app {
namespace {

using server::KeyEntry;
using server::Scope;

struct KeyOptions {
  std::vector<std::string> words;
  std::vector<std::string> scopes;
  std::int64_t per_minute = 0, concurrent = 0;
  bool json = false;
};

constexpr std::array kScopes = {Scope::infer, Scope::observe, Scope::manage};

Result<unsigned> parse_scopes(const std::vector<std::string>& names) {
  if (names.empty()) return static_cast<unsigned>(Scope::infer);
  unsigned scopes = 0;
  for (const std::string& name : names) {
    const auto* known =
        std::ranges::find(kScopes, name, [](Scope scope) { return name_of(scope); });
    if (known == kScopes.end())
      return fail(ErrorCode::usage, "--scope {}: a scope is infer, observe or manage",
                  printable(name, 40));
    scopes |= static_cast<unsigned>(*known);
  }
  return scopes;
}

std::string scopes_text(unsigned scopes) {
  std::string text;
  for (const Scope scope : kScopes)
    if ((scopes & static_cast<unsigned>(scope)) != 0)
      text += (text.empty() ? "" : ",") + std::string(name_of(scope));
  return text;
}

Result<int> add(const KeyOptions& options, const std::string& name) {
  const unsigned scopes = TRY(parse_scopes(options.scopes));
  if (options.per_minute < 0 || options.concurrent < 0)
    return fail(ErrorCode::usage, "limits are numbers from 1 on; 0 is none");
  const std::string path = TRY(key_file());
  TRY(make_private_folder_of(path));
  std::string key;
  TRY(server::update_key_file(path, [&](server::KeyList& keys) -> Result<void> {
    key = TRY(server::add_key(keys, {.name = name,
                                     .scopes = scopes,
                                     .requests_per_minute = options.per_minute,
                                     .concurrent = options.concurrent}));
    return {};
  }));
  TRY(write_stdout(key + "\n"));
  fmt::print(stderr,
             "hearth: this key is shown only now. A server that runs "
             "takes it after SIGHUP.\n");
  return 0;
}

Json key_json(const KeyEntry& key) {
  return {{"id", key.id},
          {"name", key.name},
          {"scopes", scopes_text(key.scopes)},
          {"requests_per_minute", key.requests_per_minute},
          {"concurrent", key.concurrent},
          {"created", key.created}};
}

Result<int> list(const KeyOptions& options) {
  const server::KeyList keys = TRY(server::read_key_file(TRY(key_file())));
  if (options.json) {
    Json all = Json::array();
    for (const KeyEntry& key : keys) all.push_back(key_json(key));
    TRY(write_stdout(to_json_text(all, 2) + "\n"));
    return 0;
  }
  const auto limit = [](std::int64_t n) { return n == 0 ? "-" : std::to_string(n); };
  std::string text = fmt::format("{:<10}{:<24}{:<22}{:>8}{:>11}  {}\n", "ID", "NAME", "SCOPES",
                                 "PER MIN", "AT A TIME", "CREATED");
  for (const KeyEntry& key : keys)
    text += fmt::format("{:<10}{:<24}{:<22}{:>8}{:>11}  {}\n", key.id, printable(key.name, 100),
                        scopes_text(key.scopes), limit(key.requests_per_minute),
                        limit(key.concurrent), key.created);
  TRY(write_stdout(text));
  return 0;
}

Result<int> revoke(const std::string& id_or_name) {
  TRY(server::update_key_file(TRY(key_file()), [&](server::KeyList& keys) {
    return server::revoke_key(keys, id_or_name);
  }));
  fmt::print(stderr, "hearth: revoked; a server that runs takes note after SIGHUP\n");
  return 0;
}

Result<int> run(const KeyOptions& options) {
  const std::vector<std::string>& words = options.words;
  const std::string verb = words.empty() ? "" : words.front();
  if (verb == "list" && words.size() == 1) return list(options);
  if (verb == "add" && words.size() == 2) return add(options, words[1]);
  if (verb == "revoke" && words.size() == 2) return revoke(words[1]);
  return fail(ErrorCode::usage,
              "say hearth key add NAME, hearth key list or hearth key revoke NAME");
}

}  // namespace

Action declare_key(Flags& flags) {
  auto options = std::make_shared<KeyOptions>();
  flags.add_words("add NAME | list | revoke NAME", options->words);
  flags.add("--scope", options->scopes,
            "add: what the key may do: infer (the default), observe, manage; "
            "may be repeated");
  flags.add("--per-minute", options->per_minute, "add: requests a minute (default 0: no limit)")
      .value("N");
  flags.add("--concurrent", options->concurrent, "add: requests at a time (default 0: no limit)")
      .value("N");
  flags.add("--json", options->json, "list: as JSON");
  return [options] { return run(*options); };
}

}  // namespace hearth::app
