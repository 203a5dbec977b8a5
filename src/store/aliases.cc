// SPDX-License-Identifier: Apache-2.0
#include "store/aliases.h"

#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"
#include "store/folder_internal.h"
#include "store/name.h"

namespace hearth::store {
namespace {

constexpr std::size_t kMaxAliasesBytes = 1 << 20;
constexpr std::size_t kMaxTargetBytes = 2048;
constexpr int kAliasesVersion = 1;

// Reads, changes and replaces under a lock that lies beside the file.
Result<void> change(const std::string& path, const std::function<Result<void>(AliasMap&)>& edit) {
  const std::string folder = path.substr(0, path.rfind('/'));
  TRY(make_folders(folder));
  const UniqueFd lock = TRY(lock_file(path + ".lock"));
  AliasMap aliases = TRY(read_aliases(path));
  TRY(edit(aliases));
  const Json json = {{"version", kAliasesVersion}, {"aliases", aliases}};
  return replace_file(folder, path.substr(folder.size() + 1), to_json_text(json, 2) + "\n");
}

}  // namespace

Result<std::string> config_folder() {
  for (const auto& [variable, rest] : {std::pair("XDG_CONFIG_HOME", ""), {"HOME", "/.config"}})
    if (const char* value = std::getenv(variable); value != nullptr && value[0] == '/')
      return std::string(value) + rest + "/hearth";
  return fail(ErrorCode::not_found, "no home folder is known: set XDG_CONFIG_HOME to a folder");
}

Result<std::string> default_aliases_path() {
  return TRY(config_folder())
  +"/aliases.json";
}

Result<AliasMap> parse_aliases(std::string_view text) {
  const auto json = parse_json(text, {.max_bytes = kMaxAliasesBytes, .max_depth = 4});
  if (!json) return fail(ErrorCode::integrity, "{}", json.error().message);
  if (!json->is_object() || json->value("version", Json()) != kAliasesVersion)
    return fail(ErrorCode::integrity, "it is not an object with \"version\": {}", kAliasesVersion);
  const auto entries = json->find("aliases");
  if (entries == json->end() || !entries->is_object())
    return fail(ErrorCode::integrity, "it has no object \"aliases\"");
  AliasMap aliases;
  for (const auto& [name, target] : entries->items()) {
    if (!is_model_name(name) || !target.is_string() || target.get<std::string>().empty())
      return fail(ErrorCode::integrity, "the alias '{}' is not a name with a text",
                  printable(name, 60));
    aliases.emplace(name, target.get<std::string>());
  }
  return aliases;
}

Result<AliasMap> read_aliases(const std::string& path) {
  const auto text = read_file(path, kMaxAliasesBytes);
  if (!text && text.error().code == ErrorCode::not_found) return AliasMap();
  if (!text) return std::unexpected(text.error());
  auto aliases = parse_aliases(*text);
  if (!aliases)
    return fail(ErrorCode::integrity, "{}: {}", printable(path), aliases.error().message);
  return aliases;
}

Result<void> set_alias(const std::string& path, const std::string& name,
                       const std::string& target) {
  TRY(check_model_name(name));
  if (target.empty() || target.size() > kMaxTargetBytes)
    return fail(ErrorCode::usage, "an alias stands for a model: hf:ORG/REPO:QUANT, a name, a path");
  return change(path, [&](AliasMap& aliases) -> Result<void> {
    aliases.insert_or_assign(name, target);
    return {};
  });
}

Result<void> remove_alias(const std::string& path, const std::string& name) {
  return change(path, [&](AliasMap& aliases) -> Result<void> {
    if (aliases.erase(name) == 0)
      return fail(ErrorCode::not_found, "there is no alias '{}'; `hearth alias` lists them",
                  printable(name));
    return {};
  });
}

}  // namespace hearth::store
