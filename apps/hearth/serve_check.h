// SPDX-License-Identifier: Apache-2.0
//
// serve --check-config: looks at everything that a configuration names, without serving: settings,
// models (none is fetched), keys, certificates, addresses. Finds all that is wrong, not only the
// first.
#pragma once

#include "base/error.h"
#include "serve_options.h"

namespace hearth::app {

// Prints what would be served, on standard output, and what is wrong, on standard error; as one
// JSON object on standard output if that is asked for. The exit status is 0 if nothing is wrong, 3
// if all that is wrong is that something is not there, 2 otherwise.
Result<int> check_config(const ServeOptions& options);

}  // namespace hearth::app
