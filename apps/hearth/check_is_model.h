// SPDX-License-Identifier: Apache-2.0
//
// Only what can be read as a model goes into the store.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace hearth::app {

// The files in shard order. Errors are those of format::ModelFiles::map.
Result<void> check_is_model(const std::vector<std::string>& paths);

}  // namespace hearth::app
