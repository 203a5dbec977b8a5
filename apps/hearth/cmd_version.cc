// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "command.h"
#include "confined_print.h"
#include "flags.h"
#include "kernels/kernels.h"
#include "process.h"

namespace hearth::app {

namespace {

std::string from_tokens(std::size_t least) {
  return least == kernels::kNoBatch ? "never" : fmt::format("from {} tokens on", least);
}
Json least_tokens_json(std::size_t least) {
  return least == kernels::kNoBatch ? Json(nullptr) : Json(least);
}

// One line for each instruction set, best first, as kernels::active() chooses among them.
std::string describe_isas() {
  std::string out;
  std::size_t n = 0;
  const kernels::IsaChoice* choices = kernels::all_isas(&n);
  for (std::size_t i = 0; i < n; ++i) {
    const kernels::Kernels& table = *choices[i].table;
    std::string note = choices[i].usable ? "usable" : fmt::format("no: {}", choices[i].missing);
    if (&table == &kernels::active()) note = "chosen";
    const kernels::TokensByForm& least = choices[i].least_tokens;
    if (choices[i].usable && std::max(least.q8_32, least.q8_256) > 1)
      note += fmt::format(", Q4_0 and its like {}, K-quants {}, else {}", from_tokens(least.q8_32),
                          from_tokens(least.q8_256), choices[i + 1].table->name);
    if (choices[i].trial_macs > 0)
      note += fmt::format(" ({:.1f} G multiply-adds/s in a trial)", choices[i].trial_macs / 1e9);
    out += fmt::format("  {:<11} {}\n", table.name, note);
  }
  return out;
}

}  // namespace

Action declare_version(Flags& flags) {
  auto json = std::make_shared<bool>(false), verbose = std::make_shared<bool>(false);
  flags.add("--json", *json, "print an object");
  flags.add("--verbose", *verbose,
            "list the instruction sets, and why one is not used; how workers are confined");
  return [json, verbose]() -> Result<int> {
    const char* isa = kernels::active().name;
    if (*json) {
      Json object;
      object["name"] = "hearth";
      object["version"] = HEARTH_VERSION;
      object["compiler"] = __VERSION__;
      object["isa"] = isa;
      Json isas = Json::array();
      std::size_t n = 0;
      const kernels::IsaChoice* choices = kernels::all_isas(&n);
      for (std::size_t i = 0; i < n; ++i) {
        isas.push_back({{"name", choices[i].table->name},
                        {"usable", choices[i].usable},
                        {"missing", choices[i].missing},
                        {"least_tokens",
                         {{"q8_32", least_tokens_json(choices[i].least_tokens.q8_32)},
                          {"q8_256", least_tokens_json(choices[i].least_tokens.q8_256)}}}});
        if (choices[i].trial_macs > 0) isas.back()["trial_macs_per_second"] = choices[i].trial_macs;
      }
      object["isas"] = std::move(isas);
      TRY(write_stdout(to_json_text(object, 2) + "\n"));
    } else {
      TRY(write_stdout(fmt::format("hearth {} ({})\n", HEARTH_VERSION, isa)));
      if (*verbose)
        TRY(write_stdout("instruction sets:\n" + describe_isas() +
                         "sandbox: " + describe_sandbox() + "\n"));
    }
    return 0;
  };
}

}  // namespace hearth::app
