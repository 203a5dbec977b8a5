// SPDX-License-Identifier: Apache-2.0
//
// A prepared copy: the panels of a model's quantised matrices in a file, exactly as they lie in
// memory, so that the next start reads or maps them instead of packing again.
//
//   "HEARTHPC" | hash of the rest of the header | version | layout version of the panels | key
//   | bytes of panels, of a chunk | table of tensors: name, type, shape, place | hash of each chunk
//   | zeros to a multiple of 4096 | panels
//
// Nothing in the file is believed. The whole header but the hashes must be what the plan at hand
// would write, byte for byte, and the file must be as long as that says: no offset is ever read
// from it. Hashes are XXH3 (github.com/Cyan4973/xxHash), which find damage and cost little; they
// are no defence against somebody who may write to the store, and weights of any content are safe
// to compute with. Values; one thread writes, any may check.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hearth::model {

// Panels are hashed, read and written in chunks: the unit in which threads share the work.
inline constexpr std::size_t kPreparedChunk = std::size_t{4} << 20;

std::uint64_t hash_of_chunk(std::span<const std::byte> bytes);

struct PreparedTensor {
  std::string_view name;
  std::uint32_t type = 0;
  std::uint64_t k = 0, n_rows = 0;
  std::uint64_t offset = 0;  // among the panels
};

struct PreparedLayout {
  std::string key;  // of the model's contents: its SHA-256 in hex, of a split model one of all
  std::uint64_t panel_bytes = 0;
  std::vector<PreparedTensor> tensors;

  std::size_t n_chunks() const {
    return static_cast<std::size_t>((panel_bytes + kPreparedChunk - 1) / kPreparedChunk);
  }
  std::size_t chunk_bytes(std::size_t chunk) const;
  // Where the panels begin in the file: a multiple of the page size.
  std::uint64_t header_bytes() const;
  std::uint64_t file_bytes() const { return header_bytes() + panel_bytes; }
};

// The header with the hashes of all chunks.
std::vector<std::byte> prepared_header(const PreparedLayout& layout,
                                       std::span<const std::uint64_t> chunk_hashes);

// The hashes of all chunks. integrity, with the reason, unless the file is a copy of that layout.
Result<std::vector<std::uint64_t>> read_prepared_header(int fd, const PreparedLayout& layout);

// Writes a copy while packing goes on: panels first, the header last, so that a file that was left
// half way is none. Does not sync: a copy that a power cut tore has wrong hashes and is refused.
class PreparedWriter {
 public:
  // The layout and the panels outlive the writer. io: the disk is full (found out here, not later).
  static Result<PreparedWriter> create(int fd, const PreparedLayout& layout,
                                       std::span<const std::byte> panels);
  // Panels up to `ready` bytes are final: writes the chunks that are complete.
  Result<void> advance(std::size_t ready);
  // All are: writes the rest and the header.
  Result<void> finish();

 private:
  PreparedWriter(int fd, const PreparedLayout& layout, std::span<const std::byte> panels)
      : fd_(fd), layout_(&layout), header_bytes_(layout.header_bytes()), panels_(panels) {}
  Result<void> write_chunk();

  int fd_;
  const PreparedLayout* layout_;
  std::uint64_t header_bytes_;
  std::span<const std::byte> panels_;
  std::vector<std::uint64_t> hashes_;  // of the chunks that are written
};

}  // namespace hearth::model
