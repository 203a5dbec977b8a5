// SPDX-License-Identifier: Apache-2.0
//
// pull: a model from elsewhere becomes a model of the store.
#include <fmt/format.h>

#include <memory>

#include "base/escape.h"
#include "base/json.h"
#include "base/sha256.h"
#include "command.h"
#include "fetch/find_model.h"
#include "flags.h"
#include "human.h"
#include "process.h"
#include "pull_model.h"

namespace hearth::app {
namespace {

struct PullFlags {
  std::string model, name, sha256;
  bool force = false, offline = false, json = false;
};

Result<void> tell_end(const fetch::Pulled& pulled, bool json) {
  const store::Manifest& manifest = pulled.manifest;
  if (json) {
    Json files = Json::array();
    for (const store::StoredFile& file : manifest.files)
      files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
    const Json line = {{"status", "success"},          {"name", manifest.name},
                       {"files", std::move(files)},    {"source", manifest.source},
                       {"licence", manifest.licence},  {"verified", pulled.verified},
                       {"was_there", pulled.was_there}};
    return write_stdout(to_json_text(line) + "\n");
  }
  fmt::print(stderr, "{} {} ({}{}); try: hearth run {}\n",
             pulled.was_there ? "already here:" : "fetched", manifest.name,
             human_bytes(manifest.total_bytes()),
             manifest.licence.empty() ? "" : ", licence " + printable(manifest.licence, 60),
             manifest.name);
  if (!pulled.verified)
    fmt::print(stderr, "nobody named a hash for it; what came has SHA-256 {}\n",
               manifest.files.front().sha256);
  return {};
}

Result<int> pull(const PullFlags& flags) {
  if (!flags.sha256.empty() && !is_sha256_hex(flags.sha256))
    return fail(ErrorCode::usage, "--sha256: give 64 hexadecimal digits");
  fetch::Places places = TRY(fetch::usual_places());
  const fetch::Pulled pulled = TRY(pull_model(places.store, {
    .ref = TRY(fetch::resolve_ref(places, flags.model))
    , .name = flags.name, .sha256 = flags.sha256, .force = flags.force, .offline = flags.offline,
        .json = flags.json
  }));
  TRY(tell_end(pulled, flags.json));
  return 0;
}

}  // namespace

Action declare_pull(Flags& flags) {
  auto options = std::make_shared<PullFlags>();
  flags.require("MODEL", options->model,
                "a known name, hf:ORG/REPO[:QUANT], or the address of a GGUF file");
  flags
      .add("--name", options->name,
           "what the model is called from now on (default: from the file's name)")
      .value("NAME");
  flags.add("--sha256", options->sha256, "the hash that the file must have").value("HEX");
  flags.add("--force", options->force, "take the name away from another model");
  flags.add("--offline", options->offline, "ask nobody (also HF_HUB_OFFLINE=1)");
  flags.add("--json", options->json, "one JSON object a line: progress, then the model");
  return [options] { return pull(*options); };
}

}  // namespace hearth::app
