// SPDX-License-Identifier: Apache-2.0
//
// list: the models of the store.
#include <fmt/format.h>

#include "base/escape.h"
#include "base/json.h"
#include "command.h"
#include "flags.h"
#include "human.h"
#include "process.h"
#include "store/store.h"

namespace hearth::app {
namespace {

Result<int> list(bool json) {
  const store::Store store = TRY(store::Store::open_default());
  const store::Listing listing = TRY(store.list());
  for (const std::string& problem : listing.problems) fmt::print(stderr, "hearth: {}\n", problem);
  std::string text;
  if (json) {
    Json models = Json::array();
    for (const store::Manifest& manifest : listing.models)
      models.push_back(TRY(parse_json(store::to_text(manifest))));
    text = to_json_text(Json{{"models", models}}, 2) + "\n";
  } else if (listing.models.empty()) {
    fmt::print(stderr, "no models yet; hearth import FILE --name NAME takes one in\n");
  } else {
    text = fmt::format("{:<28} {:>10}  {:<14} {}\n", "NAME", "SIZE", "LICENCE", "SHA-256");
    for (const store::Manifest& manifest : listing.models)
      text += fmt::format("{:<28} {:>10}  {:<14} {}\n", manifest.name,
                          human_bytes(manifest.total_bytes()),
                          manifest.licence.empty() ? "-" : printable(manifest.licence, 40),
                          manifest.files.empty() ? "-" : manifest.files[0].sha256.substr(0, 12));
  }
  TRY(write_stdout(text));
  return 0;
}

}  // namespace

Action declare_list(Flags& flags) {
  auto json = std::make_shared<bool>(false);
  flags.add("--json", *json, "print an object");
  return [json] { return list(*json); };
}

}  // namespace hearth::app
