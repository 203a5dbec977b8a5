// SPDX-License-Identifier: Apache-2.0
#include "model/prepared_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "kernels/packed.h"
#include "model/append_bytes.h"
#include "model/page_memory.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace hearth::model {
namespace {

constexpr char kPreparedMagic[8] = {'H', 'E', 'A', 'R', 'T', 'H', 'P', 'C'};
constexpr std::uint32_t kPreparedVersion = 1;
constexpr std::size_t kHashAt = sizeof(kPreparedMagic),
                      kHashedFrom = kHashAt + sizeof(std::uint64_t);

// Its length before it.
void append_counted_text(std::vector<std::byte>& out, std::string_view text) {
  append_number(out, static_cast<std::uint32_t>(text.size()));
  append_bytes(out, text.data(), text.size());
}

// All that comes before the chunks' hashes; the header's own hash is zero.
std::vector<std::byte> fixed_part(const PreparedLayout& layout) {
  std::vector<std::byte> out;
  append_bytes(out, kPreparedMagic, sizeof(kPreparedMagic));
  append_number(out, std::uint64_t{0});
  append_number(out, kPreparedVersion);
  append_number(out, kernels::kPackedLayoutVersion);
  append_counted_text(out, layout.key);
  append_number(out, layout.panel_bytes);
  append_number(out, std::uint64_t{kPreparedChunk});
  append_number(out, static_cast<std::uint64_t>(layout.tensors.size()));
  for (const PreparedTensor& tensor : layout.tensors) {
    append_counted_text(out, tensor.name);
    append_number(out, tensor.type);
    append_number(out, tensor.k);
    append_number(out, tensor.n_rows);
    append_number(out, tensor.offset);
  }
  return out;
}

}  // namespace

std::uint64_t hash_of_chunk(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::size_t PreparedLayout::chunk_bytes(std::size_t chunk) const {
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(kPreparedChunk, panel_bytes - chunk * kPreparedChunk));
}

std::uint64_t PreparedLayout::header_bytes() const {
  const std::size_t used = fixed_part(*this).size() + n_chunks() * sizeof(std::uint64_t);
  return (used + kSmallPage - 1) / kSmallPage * kSmallPage;
}

std::vector<std::byte> prepared_header(const PreparedLayout& layout,
                                       std::span<const std::uint64_t> chunk_hashes) {
  std::vector<std::byte> header = fixed_part(layout);
  append_bytes(header, chunk_hashes.data(), chunk_hashes.size_bytes());
  header.resize((header.size() + kSmallPage - 1) / kSmallPage * kSmallPage);
  const std::uint64_t hash = hash_of_chunk(std::span(header).subspan(kHashedFrom));
  std::memcpy(header.data() + kHashAt, &hash, sizeof(hash));
  return header;
}

Result<std::vector<std::uint64_t>> read_prepared_header(int fd, const PreparedLayout& layout) {
  const auto refused = [](std::string_view why) { return fail(ErrorCode::integrity, "{}", why); };
  if (TRY(file_size(fd)) != layout.file_bytes()) return refused("it does not have its length");
  std::vector<std::byte> header(static_cast<std::size_t>(layout.header_bytes()));
  TRY(read_at(fd, 0, header));
  if (std::memcmp(header.data(), kPreparedMagic, sizeof(kPreparedMagic)) != 0)
    return refused("it is no prepared copy");
  std::vector<std::uint64_t> hashes(layout.n_chunks());
  const std::size_t hashes_at = fixed_part(layout).size();
  std::memcpy(hashes.data(), header.data() + hashes_at, hashes.size() * sizeof(std::uint64_t));
  // What this plan would have written, with those hashes: no field needs a look of its own.
  if (header != prepared_header(layout, hashes))
    return refused("it belongs to another model or version, or is damaged");
  return hashes;
}

Result<PreparedWriter> PreparedWriter::create(int fd, const PreparedLayout& layout,
                                              std::span<const std::byte> panels) {
  // Asks for the space at once: a disk that fills up while packing goes on would waste the work.
  // Where that cannot be asked, the writes will tell.
  const bool is_there = ::fallocate(fd, 0, 0, static_cast<off_t>(layout.file_bytes())) == 0;
  if (!is_there && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
    return fail(ErrorCode::io, "{}", errno_text(errno));
  return PreparedWriter(fd, layout, panels);
}

Result<void> PreparedWriter::write_chunk() {
  const std::size_t chunk = hashes_.size(), at = chunk * kPreparedChunk;
  const auto bytes = panels_.subspan(at, layout_->chunk_bytes(chunk));
  hashes_.push_back(hash_of_chunk(bytes));
  return write_at(fd_, header_bytes_ + at, bytes);
}

Result<void> PreparedWriter::advance(std::size_t ready) {
  while ((hashes_.size() + 1) * kPreparedChunk <= ready) TRY(write_chunk());
  return {};
}

Result<void> PreparedWriter::finish() {
  while (hashes_.size() < layout_->n_chunks()) TRY(write_chunk());
  return write_at(fd_, 0, prepared_header(*layout_, hashes_));
}

}  // namespace hearth::model
