// SPDX-License-Identifier: Apache-2.0
//
// verify: whether the store's files still have their hashes.
#include <fmt/format.h>

#include <memory>

#include "base/json.h"
#include "command.h"
#include "flags.h"
#include "process.h"
#include "progress.h"
#include "store/store.h"

namespace hearth::app {
namespace {

struct VerifyFlags {
  std::vector<std::string> names;
  bool remove_damaged = false, json = false;
};

Result<int> verify(const VerifyFlags& flags) {
  store::Store store = TRY(store::Store::open_default());
  std::stop_source stop;
  auto bar = std::make_unique<ProgressBar>("verifying");
  const auto progress = [&](std::uint64_t done, std::uint64_t total) {
    bar->show(done, total);
    if (interrupted()) stop.request_stop();
  };
  const store::Verification found = TRY(store.verify({.names = flags.names,
                                                      .remove_damaged = flags.remove_damaged,
                                                      .progress = progress,
                                                      .stop = stop.get_token()}));
  bar.reset();
  std::string text;
  for (const std::string& name : found.sound) text += name + ": sound\n";
  if (flags.json)
    text = to_json_text(Json{{"sound", found.sound}, {"problems", found.problems}}, 2) + "\n";
  TRY(write_stdout(text));
  for (const std::string& problem : found.problems) fmt::print(stderr, "hearth: {}\n", problem);
  return found.problems.empty() ? 0 : exit_code(ErrorCode::integrity);
}

}  // namespace

Action declare_verify(Flags& flags) {
  auto options = std::make_shared<VerifyFlags>();
  flags.add_words("[NAME...]", options->names);
  flags.add("--remove-damaged", options->remove_damaged,
            "delete files whose hash is wrong, so that they are fetched or imported anew");
  flags.add("--json", options->json, "print an object");
  return [options] { return verify(*options); };
}

}  // namespace hearth::app
