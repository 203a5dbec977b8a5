// SPDX-License-Identifier: Apache-2.0
//
// Split models by their file names: NAME-00001-of-00003.gguf and its siblings, which lie beside it.
// Only names are looked at here; whether the files belong together is the parser's business
// (format).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hearth::store {

struct Shard {
  std::string_view prefix;   // NAME, with its folder
  std::uint32_t number = 0;  // from 1
  std::uint32_t count = 0;
};

std::optional<Shard> parse_shard(std::string_view path);

// The path itself, or every shard of the model that it belongs to, in order. not_found names the
// first one that is missing.
Result<std::vector<std::string>> all_shards(const std::string& path);

}  // namespace hearth::store
