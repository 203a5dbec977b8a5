// SPDX-License-Identifier: Apache-2.0
//
// How weights come into memory, and what is told about it afterwards. Plain values.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::model {

// llama.cpp's names and meanings (--load-mode). "Mapped" is what the kernels read in place: a
// prepared copy, and the matrices that stay in rows; panels that are packed now are memory anyhow.
enum class LoadMode : std::uint8_t {
  automatic,   // as mmap: what was measured to start soonest (docs/decisions/0008-loading.md)
  none,        // everything is read into memory; nothing that is computed with stays mapped
  mmap,        // mapped where that is possible
  mlock,       // as none, and kept from being swapped out
  mmap_mlock,  // as mmap, and kept in memory
  dio,         // as none, read past the page cache (O_DIRECT) where the file system can
};

inline constexpr std::array<std::string_view, 6> kLoadModeNames = {"auto",  "none",       "mmap",
                                                                   "mlock", "mmap+mlock", "dio"};
constexpr std::string_view name_of(LoadMode mode) {
  return kLoadModeNames[static_cast<std::size_t>(mode)];
}
constexpr std::optional<LoadMode> load_mode_named(std::string_view name) {
  for (std::size_t i = 0; i < kLoadModeNames.size(); ++i)
    if (kLoadModeNames[i] == name) return static_cast<LoadMode>(i);
  return std::nullopt;
}

constexpr bool maps(LoadMode mode) {
  return mode == LoadMode::automatic || mode == LoadMode::mmap || mode == LoadMode::mmap_mlock;
}
constexpr bool locks(LoadMode mode) {
  return mode == LoadMode::mlock || mode == LoadMode::mmap_mlock;
}

// Descriptors are the caller's, and open until the load has ended.
struct WeightLoading {
  LoadMode mode = LoadMode::automatic;
  std::vector<int> shard_fds;  // the model's files; empty: only their mappings are read
  std::string key;             // of the model's contents, see prepared_file.h
  int prepared_fd = -1;        // a prepared copy to use; -1: none
  int copy_fd = -1;            // an empty file to write a prepared copy into; -1: none is wanted
};

// What became of it.
struct WeightsReport {
  enum class Origin : std::uint8_t { packed, prepared_read, prepared_mapped };
  Origin origin = Origin::packed;
  std::uint64_t panel_bytes = 0;   // quantised matrices; 0: no table here wants panels
  std::uint64_t locked_bytes = 0;  // kept from being swapped out
  bool wrote_copy = false;         // copy_fd has a whole prepared copy
  std::string refused;             // why the prepared copy was not used; empty: it was, or none
  std::string not_written;         // why none was written, although one was wanted
  std::string not_locked;          // why not, although that was asked for: a sentence with advice
};

}  // namespace hearth::model
