// SPDX-License-Identifier: Apache-2.0
//
// What is to be served, and where: the command line, the environment and the configuration file put
// together. A flag beats a variable, and that the file, also inside its tables. A table [[model]]
// or
// [[listener]] falls back to the top level of the file for what it does not say. Models that are
// named on the command line are served instead of the file's, and so with --host and --port.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "serve_options.h"

namespace hearth::app {

struct ModelToServe {
  std::string name;                  // what MODEL means is said in model_source.h
  std::string id;                    // what clients see
  std::vector<std::string> aliases;  // that mean the same; the name among them if it is not the id
  bool is_offline = false;           // never fetch it
  ModelFlags flags;

  bool is_called(std::string_view word) const;
};

struct ServeConfig {
  std::vector<ModelToServe> models;      // one or more, with ids and aliases of their own
  std::vector<ListenerFlags> listeners;  // one or more
  std::uint32_t drain_seconds = 30;
  std::string file;                // that was read; empty: none
  std::vector<std::string> notes;  // what a person should know, whole lines
  // "[[model]] 1: ctx-size = 4096" for each setting of the file that only a restart can change.
  std::set<std::string> fixed;
};

// Reads the file anew. usage for what does not go together, not_found for a file that was named and
// is not there.
Result<ServeConfig> resolve(const ServeOptions& options);

}  // namespace hearth::app
