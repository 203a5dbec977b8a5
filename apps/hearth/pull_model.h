// SPDX-License-Identifier: Apache-2.0
//
// A pull with everything a person or a program sees of it: a bar on a terminal, lines elsewhere,
// Ctrl-C. For `hearth pull` and for commands whose model is not here yet.
#pragma once

#include <string>

#include "base/error.h"
#include "fetch/pull.h"

namespace hearth::app {

struct PullRequest {
  fetch::ModelRef ref;
  std::string name, sha256;  // as PullOptions has them
  bool force = false, offline = false;
  bool json = false;  // objects on standard output; otherwise all goes to standard error
};

// unsupported, before anything is fetched, for a known model that this version does not run.
Result<fetch::Pulled> pull_model(store::Store& store, const PullRequest& request);

}  // namespace hearth::app
