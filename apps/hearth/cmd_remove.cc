// SPDX-License-Identifier: Apache-2.0
//
// rm and cp: names of the store, spelled as Ollama's users know them. Nothing is asked back: a name
// is what was typed, and what other names share stays.
#include <fmt/format.h>

#include "base/escape.h"
#include "base/json.h"
#include "command.h"
#include "fetch/find_model.h"
#include "flags.h"
#include "human.h"
#include "process.h"
#include "store/aliases.h"

namespace hearth::app {
namespace {

struct RemoveOptions {
  std::vector<std::string> names;
  bool json = false;
};

// Why a name cannot be removed, where the store alone would say that there is none.
Error why_not(const fetch::Places& places, const std::string& name, Error error) {
  if (error.code != ErrorCode::not_found) return error;
  const auto aliases = store::read_aliases(places.aliases_path);
  if (aliases && aliases->contains(name))
    return {ErrorCode::usage,
            fmt::format("'{}' is an alias; `hearth alias --remove {}` removes it", name, name)};
  const auto ref = fetch::parse_model_ref(name);
  const auto found = ref ? fetch::find_model(places, *ref)
                         : Result<fetch::FoundModel>(std::unexpected(ref.error()));
  if (found && found->owner != "hearth" && !found->owner.empty())
    return {ErrorCode::usage, fmt::format("{} belongs to {}, which has to remove it itself",
                                          printable(found->name), found->owner)};
  if (found && found->owner.empty())
    return {ErrorCode::usage,
            fmt::format("{}: this is a file, not a name of the store", printable(name))};
  return error;
}

Result<int> remove(const RemoveOptions& options) {
  if (options.names.empty()) return fail(ErrorCode::usage, "give the names to remove");
  fetch::Places places = TRY(fetch::usual_places());
  Json removed = Json::array();
  std::uint64_t bytes_freed = 0;
  int status = 0;
  for (const std::string& name : options.names) {
    auto removal = places.store.remove(name);
    if (!removal) {  // the others are removed all the same
      const Error error = why_not(places, name, std::move(removal.error()));
      fmt::print(stderr, "hearth: {}\n", error.message);
      if (status == 0) status = exit_code(error.code);
      continue;
    }
    for (const std::string& problem : removal->problems)
      fmt::print(stderr, "hearth: {}\n", problem);
    bytes_freed += removal->bytes_freed;
    removed.push_back(name);
    if (!options.json)
      fmt::print(stderr, "removed {} ({} freed)\n", name, human_bytes(removal->bytes_freed));
  }
  if (options.json)
    TRY(write_stdout(to_json_text(Json{{"removed", removed}, {"bytes_freed", bytes_freed}}, 2) +
                     "\n"));
  return status;
}

struct CopyOptions {
  std::string from, to;
  bool force = false;
};

Result<int> copy(const CopyOptions& options) {
  store::Store store = TRY(store::Store::open_default());
  TRY(store.copy(options.from, options.to, options.force));
  fmt::print(stderr, "{} is now also called {}\n", options.from, options.to);
  return 0;
}

}  // namespace

Action declare_rm(Flags& flags) {
  auto options = std::make_shared<RemoveOptions>();
  flags.add_words("NAME...", options->names);
  flags.add("--json", options->json, "print what was removed");
  return [options] { return remove(*options); };
}

Action declare_cp(Flags& flags) {
  auto options = std::make_shared<CopyOptions>();
  flags.require("NAME", options->from, "a name of the store");
  flags.require("NEW", options->to, "a second name for the same model; takes no space");
  flags.add("--force", options->force, "take the name away from another model");
  return [options] { return copy(*options); };
}

}  // namespace hearth::app
