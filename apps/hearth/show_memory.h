// SPDX-License-Identifier: Apache-2.0
//
// show --memory: what a model would take here, and whether there is as much.
#pragma once

#include <string>

#include "engine/memory_plan.h"

namespace hearth::app {

// How the next load with these options would get its weights.
struct WeightsOutlook {
  bool is_mapped = false;            // what is in the right order already is used where it lies
  std::uint64_t prepared_bytes = 0;  // of the prepared copy; 0: there is none
  std::string why_none;              // of no prepared copy, in a few words
  std::string huge_pages;            // host::huge_pages()
};

// An object as JSON text, or lines for a person.
std::string memory_json(const engine::MemoryPlan& memory, const WeightsOutlook& weights);
std::string memory_text(const engine::MemoryPlan& memory, const WeightsOutlook& weights);

}  // namespace hearth::app
