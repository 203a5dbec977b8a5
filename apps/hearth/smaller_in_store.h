// SPDX-License-Identifier: Apache-2.0
//
// Advice for a model that does not fit: which model of the store could be run instead.
#pragma once

#include <string>
#include <vector>

#include "engine/loaded_model.h"
#include "engine/smaller_model.h"

namespace hearth::app {

// The name of the largest model in the store that is the same one in a smaller quantisation and
// fits (engine/smaller_model.h); empty if there is none or the store cannot be read. Opens files,
// and so is for the moment of a refusal. The shape of engine::FindSmaller.
std::string smaller_in_store(const format::ModelFiles& refused, const engine::LoadOptions& options,
                             std::uint64_t available_bytes);

// The models of the store that are smaller than so many bytes, the largest first, opened now for a
// process that will not be able to.
std::vector<engine::Candidate> smaller_opened_now(std::uint64_t below_bytes,
                                                  std::size_t most = SIZE_MAX);

}  // namespace hearth::app
