// SPDX-License-Identifier: Apache-2.0
//
// Ollama's store: manifests/HOST/OWNER/NAME/TAG is JSON in the manner of a container image; the
// layer of the type below is the GGUF file, at blobs/sha256-<hex>. More than one such layer (a
// split model) is not something that Ollama pulls.
#include <sys/stat.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "store/elsewhere_internal.h"

namespace hearth::store {
namespace {

constexpr std::size_t kMaxOllamaManifestBytes = 1 << 20;
constexpr std::string_view kModelType = "application/vnd.ollama.image.model";

// What Ollama itself shows: the usual host and owner are left out.
std::string shown_name(const std::string& host, const std::string& owner, const std::string& name,
                       const std::string& tag) {
  std::string shown = name + ":" + tag;
  const bool usual_host = host == "registry.ollama.ai";
  if (!usual_host || owner != "library") shown = owner + "/" + shown;
  if (!usual_host) shown = host + "/" + shown;
  return shown;
}

}  // namespace

Result<std::string> ollama_model_digest(std::string_view text) {
  const auto json = parse_json(text, {.max_bytes = kMaxOllamaManifestBytes, .max_depth = 16});
  if (!json || !json->is_object()) return fail(ErrorCode::integrity, "it is not a manifest");
  const auto layers = json->find("layers");
  if (layers == json->end() || !layers->is_array())
    return fail(ErrorCode::integrity, "it lists no layers");
  for (const Json& layer : *layers) {
    if (!layer.is_object()) continue;
    const auto type = layer.find("mediaType"), digest = layer.find("digest");
    if (type == layer.end() || !type->is_string() || type->get<std::string>() != kModelType)
      continue;
    if (digest == layer.end() || !digest->is_string())
      return fail(ErrorCode::integrity, "its model has no digest");
    const std::string hash = digest->get<std::string>();
    constexpr std::string_view kStart = "sha256:";
    if (!hash.starts_with(kStart) || !is_sha256_hex(hash.substr(kStart.size())))
      return fail(ErrorCode::integrity, "the digest of its model is none");
    return to_lower_hex(hash.substr(kStart.size()));
  }
  return fail(ErrorCode::not_found, "it has no GGUF model");  // an adapter, or a remote model
}

void list_ollama(const std::string& root, ElsewhereListing& listing) {
  Walk walk;
  const std::string manifests = root + "/manifests";
  const std::string inside = resolved_path(manifests);
  const auto add = [&](const std::string& path, const std::string& shown) {
    const auto text = read_file(path, kMaxOllamaManifestBytes);
    const auto digest =
        text ? ollama_model_digest(*text) : Result<std::string>(std::unexpected(text.error()));
    if (!digest && digest.error().code == ErrorCode::not_found) return;
    struct stat status;
    const std::string blob = digest ? root + "/blobs/sha256-" + *digest : "";
    if (!digest) {
      listing.problems.push_back(
          fmt::format("Ollama: {}: {}", printable(path), digest.error().message));
    } else if (::stat(blob.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
      listing.models.push_back({.name = "ollama:" + shown,
                                .short_name = shown,
                                .owner = "Ollama",
                                .repo = {},
                                .files = {"sha256-" + *digest},
                                .paths = {blob},
                                .bytes = static_cast<std::uint64_t>(status.st_size)});
    }
  };
  for (const std::string& host : walk.folders(manifests))
    for (const std::string& owner : walk.folders(manifests + "/" + host))
      for (const std::string& name : walk.folders(manifests + "/" + host + "/" + owner)) {
        const std::string folder = fmt::format("{}/{}/{}/{}", manifests, host, owner, name);
        for (const std::string& tag : walk.files(folder, inside))
          add(folder + "/" + tag, shown_name(host, owner, name, tag));
      }
}

}  // namespace hearth::store
