// SPDX-License-Identifier: Apache-2.0
//
// list: the models of the store, and those that other programs keep on this machine.
#include <fmt/format.h>

#include "base/escape.h"
#include "base/json.h"
#include "command.h"
#include "fetch/find_model.h"
#include "flags.h"
#include "human.h"
#include "process.h"

namespace hearth::app {
namespace {

Json to_json(const store::ElsewhereModel& model) {
  return {{"name", model.name},
          {"short_name", model.short_name},
          {"where", model.owner},
          {"bytes", model.bytes},
          {"paths", model.paths}};
}

Result<Json> to_json(const store::Manifest& manifest) {
  Json object = TRY(parse_json(store::to_text(manifest)));
  object["where"] = "hearth";
  return object;
}

std::string_view where(const store::Manifest& manifest) {
  return manifest.files[0].is_reference() ? "hearth (reference)" : "hearth";
}

std::string to_text(const std::vector<store::Manifest>& own,
                    const std::vector<store::ElsewhereModel>& others) {
  std::size_t width = 28;
  for (const store::ElsewhereModel& model : others) width = std::max(width, model.name.size());
  width = std::min<std::size_t>(width, 72);
  std::string text =
      fmt::format("{:<{}} {:>10}  {:<14} {}\n", "NAME", width, "SIZE", "LICENCE", "WHERE");
  for (const store::Manifest& manifest : own)
    text += fmt::format(
        "{:<{}} {:>10}  {:<14} {}\n", manifest.name, width, human_bytes(manifest.total_bytes()),
        manifest.licence.empty() ? "-" : printable(manifest.licence, 40), where(manifest));
  for (const store::ElsewhereModel& model : others)
    text += fmt::format("{:<{}} {:>10}  {:<14} {}\n", printable(model.name), width,
                        human_bytes(model.bytes), "-", model.owner);
  return text;
}

Result<int> list(bool json) {
  const fetch::Places places = TRY(fetch::usual_places());
  const store::Listing own = TRY(places.store.list());
  const store::ElsewhereListing others = store::list_elsewhere(places.elsewhere);
  for (const std::string& problem : own.problems) fmt::print(stderr, "hearth: {}\n", problem);
  for (const std::string& problem : others.problems) fmt::print(stderr, "hearth: {}\n", problem);
  if (json) {
    Json models = Json::array(), elsewhere = Json::array();
    for (const store::Manifest& manifest : own.models) models.push_back(TRY(to_json(manifest)));
    for (const store::ElsewhereModel& model : others.models) elsewhere.push_back(to_json(model));
    TRY(write_stdout(to_json_text(Json{{"models", models}, {"elsewhere", elsewhere}}, 2) + "\n"));
  } else if (own.models.empty() && others.models.empty()) {
    fmt::print(
        stderr,
        "no models yet; `hearth pull smollm2:135m` fetches a small one, `hearth import FILE` "
        "takes one in\n");
  } else {
    TRY(write_stdout(to_text(own.models, others.models)));
  }
  return 0;
}

}  // namespace

Action declare_list(Flags& flags) {
  auto json = std::make_shared<bool>(false);
  flags.add("--json", *json, "print an object");
  return [json] { return list(*json); };
}

}  // namespace hearth::app
