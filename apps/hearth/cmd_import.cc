// SPDX-License-Identifier: Apache-2.0
//
// import: a GGUF file becomes a model of the store.
#include <fmt/format.h>

#include "base/escape.h"
#include "base/json.h"
#include "base/sha256.h"
#include "check_is_model.h"
#include "command.h"
#include "fetch/find_model.h"
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
  bool force = false, json = false, link = false, reference = false;
};

// FILE may name a model of another program, which is then no longer needed for it.
Result<void> take_from_elsewhere(store::ImportOptions& import, const ImportFileOptions& options) {
  const auto ref = fetch::parse_model_ref(options.file);
  if (!ref || (ref->kind != fetch::RefKind::elsewhere && ref->kind != fetch::RefKind::hub))
    return {};
  const fetch::Places places = TRY(fetch::usual_places());
  const fetch::FoundModel found = TRY(fetch::find_model(places, *ref));
  import.path = found.paths.front();
  import.source = found.name;
  const std::string_view short_name = std::string_view(found.name).substr(found.name.find(':') + 1);
  if (options.name.empty())
    import.name = store::is_model_name(short_name) ? std::string(short_name)
                                                   : store::name_for_file(short_name);
  return {};
}

Result<int> import(const ImportFileOptions& options) {
  if (!options.sha256.empty() && !is_sha256_hex(options.sha256))
    return fail(ErrorCode::usage, "--sha256: give 64 hexadecimal digits");
  if (options.link && options.reference)
    return fail(ErrorCode::usage, "--link and --reference are two different things");
  store::ImportOptions import;
  import.path = options.file;
  import.name = options.name.empty() ? store::name_for_file(options.file) : options.name;
  if (options.link) import.mode = store::ImportMode::link;
  if (options.reference) import.mode = store::ImportMode::reference;
  TRY(take_from_elsewhere(import, options));
  import.sha256 = options.sha256;
  import.replace = options.force;
  if (const store::KnownModel* known = store::find_known_model(import.name);
      known != nullptr && !import.sha256.empty() && known->sha256 == import.sha256) {
    import.licence = known->licence;
    import.source = known->source;
  }
  TRY(check_is_model(TRY(store::all_shards(import.path))));
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
  flags
      .require("FILE", options->file,
               "a GGUF file, of a split model any shard; or another program's model")
      .value("FILE");
  flags
      .add("--name", options->name,
           "what the model is called from now on (default: from the file's name)")
      .value("NAME");
  flags.add("--sha256", options->sha256, "the hash that the file must have").value("HEX");
  flags.add("--link", options->link, "a hard link instead of a copy; nobody may change the file");
  flags.add("--reference", options->reference, "leave the file where it is and use it there");
  flags.add("--force", options->force, "take the name away from another model");
  flags.add("--json", options->json, "print the manifest");
  return [options] { return import(*options); };
}

}  // namespace hearth::app
