// SPDX-License-Identifier: Apache-2.0
//
// What a reference to a model means on this machine, without asking anybody: aliases, the store,
// the stores of other programs, paths. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "fetch/model_ref.h"
#include "store/elsewhere.h"
#include "store/store.h"

namespace hearth::fetch {

struct Places {
  store::Store store;
  std::string aliases_path;  // see store/aliases.h; empty: no aliases
  store::ElsewhereRoots elsewhere;
};

// The user's own.
Result<Places> usual_places();

// What the text stands for: if it is an alias and no name of the store, what the alias says. An
// alias of an alias is not followed. Errors are those of parse_model_ref and read_aliases.
Result<ModelRef> resolve_ref(const Places& places, std::string_view text);

struct FoundModel {
  std::string name;                // of the store or of the other program; a path as it was given
  std::string owner;               // "hearth", or as ElsewhereModel has it; empty for a path
  std::vector<std::string> paths;  // to open, in shard order
  std::optional<store::Manifest> manifest;  // of the store's own
};

// Names: the store's, then what other programs call so. hf: references: what was pulled from that
// repository, then what lies in another program's cache of it; without QUANT Q4_K_M or, where that
// is not here, the first by name. Addresses: what was pulled from there. Paths: the file, with all
// its shards.
//
// not_found if there is no such model; integrity if its files are damaged; usage if a name may mean
// several models.
Result<FoundModel> find_model(const Places& places, const ModelRef& ref);

}  // namespace hearth::fetch
