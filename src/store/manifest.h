// SPDX-License-Identifier: Apache-2.0
//
// A manifest: what a model's name stands for, as one small JSON file that people may read. Values;
// any thread. Parsing trusts nothing: a hash that is not one would otherwise become a path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hearth::store {

struct StoredFile {
  std::string sha256;  // 64 lower-case hex digits
  std::uint64_t bytes = 0;
  std::string name;  // the file's own name when it was imported

  bool operator==(const StoredFile&) const = default;
};

struct Manifest {
  std::string name;
  std::vector<StoredFile> files;  // in shard order, at least one
  std::string source;
  std::string licence;  // empty: not known
  std::string created;  // UTC, ISO 8601

  std::uint64_t total_bytes() const;
};

std::string to_text(const Manifest& manifest);

// integrity if the text is no manifest of that name.
Result<Manifest> parse_manifest(std::string_view text, std::string_view name);

}  // namespace hearth::store
