// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/json.h"
#include "command.h"
#include "flags.h"
#include "kernels/kernels.h"
#include "process.h"

namespace hearth::app {

Action declare_version(Flags& flags) {
  auto json = std::make_shared<bool>(false);
  flags.add("--json", *json, "print an object");
  return [json]() -> Result<int> {
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
      for (std::size_t i = 0; i < n; ++i)
        isas.push_back({{"name", choices[i].table->name},
                        {"usable", choices[i].usable},
                        {"missing", choices[i].missing}});
      object["isas"] = std::move(isas);
      TRY(write_stdout(to_json_text(object, 2) + "\n"));
    } else {
      TRY(write_stdout(fmt::format("hearth {} ({})\n", HEARTH_VERSION, isa)));
    }
    return 0;
  };
}

}  // namespace hearth::app
