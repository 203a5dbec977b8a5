// SPDX-License-Identifier: Apache-2.0
//
// show --memory: what a model would take here, and whether there is as much.
#pragma once

#include <string>

#include "engine/memory_plan.h"

namespace hearth::app {

// An object as JSON text, or lines for a person.
std::string memory_json(const engine::MemoryPlan& memory);
std::string memory_text(const engine::MemoryPlan& memory);

}  // namespace hearth::app
