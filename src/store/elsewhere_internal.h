// SPDX-License-Identifier: Apache-2.0
//
// The readers of the other programs' stores, and what they share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/elsewhere.h"

namespace hearth::store {

inline constexpr std::size_t kMaxElsewhereEntries = 20'000;  // looked at in one store

// The letters that the hub and Ollama allow in one part of a name; keeps "..", "/" and control
// characters out.
bool is_plain_part(std::string_view part);

// Walks a foreign tree, spending from one purse of entries. Names that are not plain parts are
// skipped; so are folders that cannot be read.
class Walk {
 public:
  explicit Walk(std::size_t max_entries = kMaxElsewhereEntries) : entries_left_(max_entries) {}

  // The entries of a folder that are folders (or links to some).
  std::vector<std::string> folders(const std::string& path);
  // Those that are regular files, or links to some that stay inside `root` (a resolved path).
  std::vector<std::string> files(const std::string& path, const std::string& root);
  // Paths relative to `path` of all *.gguf files, at most `depth` folders down.
  std::vector<std::string> gguf_files(const std::string& path, const std::string& root, int depth);

 private:
  std::vector<std::string> names(const std::string& path);

  std::size_t entries_left_;
};

// The path without symbolic links; empty if it does not exist.
std::string resolved_path(const std::string& path);

// The models among `files` (relative to folder), added with the names PREFIX:QUANT, or PREFIX:FILE
// where two share a quantisation. `repo` may be empty.
void add_file_sets(const std::string& prefix, const std::string& repo, const std::string& owner,
                   const std::string& folder, const std::vector<std::string>& files,
                   ElsewhereListing& listing);

void list_hub_cache(const std::string& root, ElsewhereListing& listing);
void list_ollama(const std::string& root, ElsewhereListing& listing);
void list_llama_cpp(const std::string& root, ElsewhereListing& listing);
void list_lm_studio(const std::string& root, ElsewhereListing& listing);

}  // namespace hearth::store
