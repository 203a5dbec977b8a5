// SPDX-License-Identifier: Apache-2.0
//
// Which files of a repository, or of a folder laid out like one, are a model: shards belong
// together; projectors of vision models (mmproj) and importance matrices are no models. Names alone
// are looked at. Values; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::store {

// The last part of a path.
std::string_view file_name(std::string_view path);

struct FileSet {
  std::string stem;                // lower case, with its folder, without .gguf and shard number
  std::uint32_t n_shards = 1;      // as its names say
  std::vector<std::size_t> files;  // indices of the paths, in shard order
  bool whole = true;               // every shard is there, once

  bool operator==(const FileSet&) const = default;
};

// The models among these paths, sorted by stem. A path may have folders.
std::vector<FileSet> file_sets(std::span<const std::string> paths);

// The set that `quant` means: a quantisation ("q4_k_m", in any case) or the name of a file; empty
// means Q4_K_M or, where there is none, the first. nullptr if there is no such set.
const FileSet* choose_file_set(std::span<const FileSet> sets, std::span<const std::string> paths,
                               std::string_view quant);

// The quantisation that a stem ends in, in capitals: "Q4_K_M" of "m-q4_k_m"; empty if none does.
std::string quant_of_stem(std::string_view stem);

}  // namespace hearth::store
