// SPDX-License-Identifier: Apache-2.0
//
// Advice for a model that does not fit: which model of the store could be run instead.
#pragma once

#include <string>

#include "engine/loaded_model.h"

namespace hearth::app {

// The name of the largest model in the store that is the same one in a smaller quantisation and
// fits (engine/smaller_model.h); empty if there is none or the store cannot be read. Opens files,
// and so is for the moment of a refusal. The shape of engine::FindSmaller.
std::string smaller_in_store(const format::ModelFiles& refused, const engine::LoadOptions& options,
                             std::uint64_t available_bytes);

// The same with all files smaller than so many bytes opened now, for a process that will not be
// able to.
engine::FindSmaller smaller_opened_now(std::uint64_t below_bytes);

}  // namespace hearth::app
