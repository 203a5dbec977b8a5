// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/json.h"
#include "command.h"
#include "confined_print.h"
#include "flags.h"
#include "kernels/kernels.h"
#include "process.h"

namespace hearth::app {

namespace {

// One line for each instruction set, best first, as kernels::active() chooses among them.
std::string describe_isas() {
  std::string out;
  std::size_t n = 0;
  const kernels::IsaChoice* choices = kernels::all_isas(&n);
  for (std::size_t i = 0; i < n; ++i) {
    const kernels::Kernels& table = *choices[i].table;
    std::string note = choices[i].usable ? "usable" : fmt::format("no: {}", choices[i].missing);
    if (&table == &kernels::active()) note = "chosen";
    if (choices[i].usable && table.least_tokens > 1)
      note += fmt::format(", for batches of {} tokens or more; smaller ones: {}",
                          table.least_tokens, choices[i + 1].table->name);
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
                        {"least_tokens", choices[i].table->least_tokens}});
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
