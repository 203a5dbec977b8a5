// SPDX-License-Identifier: Apache-2.0
//
// pull: a model from elsewhere becomes a model of the store.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <thread>

#include "base/escape.h"
#include "base/json.h"
#include "base/sha256.h"
#include "check_is_model.h"
#include "command.h"
#include "fetch/pull.h"
#include "flags.h"
#include "human.h"
#include "process.h"
#include "progress.h"

namespace hearth::app {
namespace {

struct PullFlags {
  std::string model, name, sha256;
  bool force = false, offline = false, json = false;
};

// What people and programs hear while it lasts: a bar on a terminal, elsewhere a line now and then
// or, with --json, objects on standard output.
class PullReport {
 public:
  explicit PullReport(bool json) : json_(json), bar_("fetching") {}

  void show(const fetch::PullProgress& progress) {
    using std::chrono::steady_clock;
    bar_.show(progress.bytes_done, progress.bytes_total);
    const auto now = steady_clock::now();
    const auto interval = std::chrono::seconds(json_ ? 1 : 10);
    if (progress.bytes_total == 0 || now - last_ < interval) return;
    last_ = now;
    if (json_) {
      const Json line = {{"status", "fetching"},
                         {"file", progress.file},
                         {"bytes_done", progress.bytes_done},
                         {"bytes_total", progress.bytes_total}};
      (void)write_stdout(to_json_text(line) + "\n");
    } else if (!stderr_is_terminal()) {
      fmt::print(stderr, "{}: {} of {}\n", printable(progress.file),
                 human_bytes(progress.bytes_done), human_bytes(progress.bytes_total));
    }
  }

 private:
  bool json_;
  ProgressBar bar_;
  std::chrono::steady_clock::time_point last_;
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

Result<int> pull_model(const PullFlags& flags) {
  if (!flags.sha256.empty() && !is_sha256_hex(flags.sha256))
    return fail(ErrorCode::usage, "--sha256: give 64 hexadecimal digits");
  fetch::PullOptions options {
    .ref = TRY(fetch::parse_model_ref(flags.model))
    , .name = flags.name, .sha256 = flags.sha256,
        .access = TRY(fetch::hub_access_from_environment())
    , .replace = flags.force
  };
  options.access.offline = options.access.offline || flags.offline;
  options.check = [](const std::vector<std::string>& paths) { return check_is_model(paths); };
  std::stop_source stop;
  options.stop = stop.get_token();
  store::Store store = TRY(store::Store::open_default());
  auto report = std::make_unique<PullReport>(flags.json);
  options.progress = [&](const fetch::PullProgress& progress) { report->show(progress); };
  // Ctrl-C counts while a server is silent, too.
  const std::jthread watch([&](const std::stop_token& over) {
    while (!over.stop_requested()) {
      if (interrupted()) stop.request_stop();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  const fetch::Pulled pulled = TRY(fetch::pull(store, options));
  report.reset();
  TRY(tell_end(pulled, flags.json));
  return 0;
}

}  // namespace

Action declare_pull(Flags& flags) {
  auto options = std::make_shared<PullFlags>();
  flags.require("MODEL", options->model,
                "a known name, hf:ORG/REPO[:QUANT], or the address of a GGUF file");
  flags.add("--name", options->name,
            "what the model is called from now on (default: from the file's name)");
  flags.add("--sha256", options->sha256, "the hash that the file must have");
  flags.add("--force", options->force, "take the name away from another model");
  flags.add("--offline", options->offline, "ask nobody (also HF_HUB_OFFLINE=1)");
  flags.add("--json", options->json, "one JSON object a line: progress, then the model");
  return [options] { return pull_model(*options); };
}

}  // namespace hearth::app
