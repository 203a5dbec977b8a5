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
  // A file that is no blob but is used where it lies: its path, and its time of change when it was
  // hashed, in nanoseconds. Empty: a blob.
  std::string path = {};
  std::int64_t mtime_ns = 0;

  bool is_reference() const { return !path.empty(); }
  bool operator==(const StoredFile&) const = default;
};

struct Manifest {
  std::string name;
  std::vector<StoredFile> files;  // in shard order, at least one
  std::string source;
  std::string licence;  // empty: not known
  std::string created;  // UTC, ISO 8601

  std::uint64_t total_bytes() const;
  // The same bytes in the same order, wherever they lie.
  bool same_contents(const Manifest& other) const;
};

std::string to_text(const Manifest& manifest);

// What to do about a model whose files are damaged or gone, by where it came from.
std::string repair_advice(const Manifest& manifest);

// integrity if the text is no manifest of that name.
Result<Manifest> parse_manifest(std::string_view text, std::string_view name);

}  // namespace hearth::store
