// SPDX-License-Identifier: Apache-2.0
#include "store/manifest.h"

#include <algorithm>

#include "base/checked.h"
#include "base/escape.h"
#include "base/json.h"
#include "base/sha256.h"

namespace hearth::store {
namespace {

constexpr int kVersion = 1;
constexpr int kVersionWithReferences = 2;  // an older program must not look for blobs

Result<std::string> text_field(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string())
    return fail(ErrorCode::integrity, "\"{}\" is missing or not text", key);
  return found->get<std::string>();
}

Result<StoredFile> parse_file(const Json& object) {
  if (!object.is_object()) return fail(ErrorCode::integrity, "a file is not an object");
  StoredFile file;
  file.sha256 = TRY(text_field(object, "sha256"));
  file.name = TRY(text_field(object, "name"));
  if (!is_sha256_hex(file.sha256) || file.sha256 != to_lower_hex(file.sha256))
    return fail(ErrorCode::integrity, "\"sha256\" is not a hash");
  const auto bytes = object.find("bytes");
  if (bytes == object.end() || !bytes->is_number_unsigned())
    return fail(ErrorCode::integrity, "\"bytes\" is missing or not a count");
  file.bytes = bytes->get<std::uint64_t>();
  if (!object.contains("path")) return file;
  file.path = TRY(text_field(object, "path"));
  const auto mtime = object.find("mtime_ns");
  if (!file.path.starts_with('/') || file.path.find('\0') != std::string::npos)
    return fail(ErrorCode::integrity, "\"path\" is not an absolute path");
  if (mtime == object.end() || !mtime->is_number_integer())
    return fail(ErrorCode::integrity, "\"mtime_ns\" is missing or not a time");
  file.mtime_ns = mtime->get<std::int64_t>();
  return file;
}

Result<Manifest> from_json(const Json& json, std::string_view name) {
  if (!json.is_object()) return fail(ErrorCode::integrity, "not an object");
  const Json version = json.value("version", Json());
  if (version != kVersion && version != kVersionWithReferences)
    return fail(ErrorCode::integrity, "made by another version of this program");
  Manifest manifest;
  manifest.name = TRY(text_field(json, "name"));
  if (manifest.name != name)
    return fail(ErrorCode::integrity, "it names the model '{}'", printable(manifest.name));
  manifest.source = TRY(text_field(json, "source"));
  manifest.licence = TRY(text_field(json, "licence"));
  manifest.created = TRY(text_field(json, "created"));
  const auto files = json.find("files");
  if (files == json.end() || !files->is_array() || files->empty())
    return fail(ErrorCode::integrity, "it lists no files");
  std::uint64_t total = 0;
  for (const Json& file : *files) {
    manifest.files.push_back(TRY(parse_file(file)));
    const auto sum = checked_add(total, manifest.files.back().bytes);
    if (!sum) return fail(ErrorCode::integrity, "the sizes of its files overflow");
    total = *sum;
  }
  return manifest;
}

}  // namespace

std::uint64_t Manifest::total_bytes() const {
  std::uint64_t total = 0;
  for (const StoredFile& file : files) total += file.bytes;
  return total;
}

bool Manifest::same_contents(const Manifest& other) const {
  return std::ranges::equal(files, other.files, [](const StoredFile& a, const StoredFile& b) {
    return a.sha256 == b.sha256 && a.bytes == b.bytes;
  });
}

std::string to_text(const Manifest& manifest) {
  Json files = Json::array();
  int version = kVersion;
  for (const StoredFile& file : manifest.files) {
    Json entry = {{"sha256", file.sha256}, {"bytes", file.bytes}, {"name", file.name}};
    if (file.is_reference()) {
      entry["path"] = file.path;
      entry["mtime_ns"] = file.mtime_ns;
      version = kVersionWithReferences;
    }
    files.push_back(std::move(entry));
  }
  const Json json = {{"version", version},          {"name", manifest.name},
                     {"files", std::move(files)},   {"source", manifest.source},
                     {"licence", manifest.licence}, {"created", manifest.created}};
  return to_json_text(json, 2) + "\n";
}

std::string repair_advice(const Manifest& manifest) {
  const std::string& source = manifest.source;
  const bool remote = source.starts_with("hf:") || source.find("://") != std::string::npos;
  if (remote) return fmt::format("`hearth pull {}` fetches what is missing", manifest.name);
  return "import it again";
}

Result<Manifest> parse_manifest(std::string_view text, std::string_view name) {
  const auto json = parse_json(text, {.max_bytes = 1 << 20, .max_depth = 4});
  if (!json) return fail(ErrorCode::integrity, "{}", json.error().message);
  return from_json(*json, name);
}

}  // namespace hearth::store
