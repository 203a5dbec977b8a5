// SPDX-License-Identifier: Apache-2.0
//
// alias: names of the user's own for models wherever they are.
#include <fmt/format.h>

#include <climits>
#include <cstdlib>

#include "base/escape.h"
#include "base/json.h"
#include "command.h"
#include "fetch/find_model.h"
#include "flags.h"
#include "process.h"
#include "store/aliases.h"

namespace hearth::app {
namespace {

struct AliasOptions {
  std::string name, target;
  bool remove = false, json = false;
};

Result<void> list(const store::AliasMap& aliases, bool json) {
  std::string text;
  for (const auto& [name, target] : aliases)
    text += fmt::format("{:<28} {}\n", name, printable(target));
  if (json) text = to_json_text(Json{{"aliases", aliases}}, 2) + "\n";
  return write_stdout(text);
}

// What the alias stands for wherever it is used: a path becomes absolute.
Result<std::string> lasting(const std::string& target) {
  const fetch::ModelRef ref = TRY(fetch::parse_model_ref(target));
  if (ref.kind != fetch::RefKind::path) return target;
  char resolved[PATH_MAX];
  if (::realpath(target.c_str(), resolved) == nullptr)
    return fail(ErrorCode::not_found, "{}: there is no such file", printable(target));
  return std::string(resolved);
}

Result<int> alias(const AliasOptions& options) {
  const std::string path = TRY(store::default_aliases_path());
  if (options.remove) {
    if (options.name.empty() || !options.target.empty())
      return fail(ErrorCode::usage, "give the alias to remove");
    TRY(store::remove_alias(path, options.name));
    return 0;
  }
  if (!options.target.empty()) {
    const store::Store store = TRY(store::Store::open_default());
    if (store.find(options.name))
      return fail(ErrorCode::usage,
                  "'{}' is a name of the store, which comes first; choose another", options.name);
    TRY(store::set_alias(path, options.name, TRY(lasting(options.target))));
    return 0;
  }
  const store::AliasMap aliases = TRY(store::read_aliases(path));
  if (options.name.empty()) {
    TRY(list(aliases, options.json));
    return 0;
  }
  const auto found = aliases.find(options.name);
  if (found == aliases.end())
    return fail(ErrorCode::not_found, "there is no alias '{}'; `hearth alias` lists them",
                printable(options.name));
  TRY(list({*found}, options.json));
  return 0;
}

}  // namespace

Action declare_alias(Flags& flags) {
  auto options = std::make_shared<AliasOptions>();
  flags.add("NAME", options->name, "a name of your own (none: list them all)");
  flags.add("MODEL", options->target,
            "what it stands for: hf:ORG/REPO[:QUANT], an address, a path, another name");
  flags.add("--remove", options->remove, "forget the name");
  flags.add("--json", options->json, "print an object");
  return [options] { return alias(*options); };
}

}  // namespace hearth::app
