// SPDX-License-Identifier: Apache-2.0
//
// import: a GGUF file becomes a model of the store.
#include <fmt/format.h>

#include "base/escape.h"
#include "base/json.h"
#include "base/sha256.h"
#include "check_is_model.h"
#include "command.h"
#include "flags.h"
#include "process.h"
#include "progress.h"
#include "store/known_models.h"
#include "store/name.h"
#include "store/shards.h"
#include "store/store.h"

namespace hearth::app {
namespace {

struct ImportFileOptions {
  std::string file, name, sha256;
  bool force = false, json = false;
};

Result<int> import(const ImportFileOptions& options) {
  if (!options.sha256.empty() && !is_sha256_hex(options.sha256))
    return fail(ErrorCode::usage, "--sha256: give 64 hexadecimal digits");
  store::ImportOptions import;
  import.path = options.file;
  import.name = options.name.empty() ? store::name_for_file(options.file) : options.name;
  import.sha256 = options.sha256;
  import.replace = options.force;
  if (const store::KnownModel* known = store::find_known_model(import.name);
      known != nullptr && !import.sha256.empty() && known->sha256 == import.sha256) {
    import.licence = known->licence;
    import.source = known->source;
  }
  TRY(check_is_model(TRY(store::all_shards(options.file))));
  std::stop_source stop;
  import.stop = stop.get_token();
  store::Store store = TRY(store::Store::open_default());
  auto bar = std::make_unique<ProgressBar>("importing");
  import.progress = [&](std::uint64_t done, std::uint64_t total) {
    bar->show(done, total);
    if (interrupted()) stop.request_stop();
  };
  const store::Manifest manifest = TRY(store.import_file(import));
  bar.reset();
  if (options.json) {
    TRY(write_stdout(store::to_text(manifest)));
  } else {
    fmt::print(stderr, "imported {} as {}; try: hearth run {}\n", printable(options.file),
               manifest.name, manifest.name);
  }
  return 0;
}

}  // namespace

Action declare_import(Flags& flags) {
  auto options = std::make_shared<ImportFileOptions>();
  flags.require("FILE", options->file, "a GGUF file; of a split model, any shard");
  flags.add("--name", options->name,
            "what the model is called from now on (default: from the file's name)");
  flags.add("--sha256", options->sha256, "the hash that the file must have");
  flags.add("--force", options->force, "take the name away from another model");
  flags.add("--json", options->json, "print the manifest");
  return [options] { return import(*options); };
}

}  // namespace hearth::app
