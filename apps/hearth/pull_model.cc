// SPDX-License-Identifier: Apache-2.0
#include "pull_model.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <thread>

#include "base/escape.h"
#include "base/json.h"
#include "check_is_model.h"
#include "human.h"
#include "model/family.h"
#include "process.h"
#include "progress.h"
#include "store/known_models.h"

namespace hearth::app {
namespace {

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

// Twelve gigabytes later is too late to hear this.
Result<void> check_is_run(const fetch::ModelRef& ref) {
  if (ref.kind != fetch::RefKind::name) return {};
  const store::KnownModel* known = store::find_known_model(ref.text);
  if (known == nullptr || known->architecture.empty() ||
      model::find_family(known->architecture) != nullptr)
    return {};
  return fail(ErrorCode::unsupported,
              "{}: this version does not run models of the architecture {} yet; "
              "`hearth pull hf:{}` fetches it all the same",
              known->name, known->architecture, known->hub);
}

}  // namespace

Result<fetch::Pulled> pull_model(store::Store& store, const PullRequest& request) {
  TRY(check_is_run(request.ref));
  fetch::PullOptions options{.ref = request.ref, .name = request.name, .sha256 = request.sha256};
  options.access = TRY(fetch::hub_access_from_environment());
  options.access.offline = options.access.offline || request.offline;
  options.replace = request.force;
  options.check = [](const std::vector<std::string>& paths) { return check_is_model(paths); };
  std::stop_source stop;
  options.stop = stop.get_token();
  PullReport report(request.json);
  options.progress = [&](const fetch::PullProgress& progress) { report.show(progress); };
  // Ctrl-C counts while a server is silent, too.
  const std::jthread watch([&](const std::stop_token& over) {
    while (!over.stop_requested()) {
      if (interrupted()) stop.request_stop();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  return fetch::pull(store, options);
}

}  // namespace hearth::app
